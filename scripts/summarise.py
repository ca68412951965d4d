"""Summarise the jets of one chunk: moments, minima, kinematic histograms."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.readers import JetRecords
    from robustag.tensors import summarise

    settings = snakemake.params.settings
    edges = settings["weights"]["pt_edges"], settings["weights"]["eta_edges"]
    records = JetRecords.load(snakemake.input.records).weighted(settings["event_weights"])
    summary = summarise(records, settings["split"], *edges)
    summary.save(snakemake.output.summary)
    log.info("%s", summary)
