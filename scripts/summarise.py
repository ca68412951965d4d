"""Summarise the jets of one chunk: moments, minima, kinematic histograms."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.readers import JetRecords
    from robustag.tensors import Sketch, summarise

    settings = snakemake.params.settings
    edges = settings["weights"]["pt_edges"], settings["weights"]["eta_edges"]
    jets = JetRecords.load(snakemake.input.records).weighted(settings["event_weights"])
    summary = summarise(jets, settings["split"], *edges)
    summary.save(snakemake.output.summary)
    Sketch.of(jets).save(snakemake.output.sketch)
    log.info("%s", summary)
