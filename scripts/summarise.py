"""Summarise the jets of one chunk: moments, minima, kinematic histograms."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.features import FeatureTable
    from robustag.readers.generated import read_generated
    from robustag.tensors import summarise

    settings = snakemake.params[0]
    table = FeatureTable.load(snakemake.input.features)
    records = read_generated(snakemake.input.ntuple, table)
    summary = summarise(
        records, settings["split"], settings["weights"]["pt_edges"], settings["weights"]["eta_edges"]
    )
    summary.save(snakemake.output.summary)
    log.info("jets by split and class: %s", summary.jets.tolist())
