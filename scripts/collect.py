"""Gather the tables of all models and seeds, with the model and the seed in front of every row."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.evaluation.collection import collect, metrics_csv

    for name in ("metrics", "curves", "histograms", "history", "audit", "planes", "geometry"):
        table = collect(snakemake.input[name], snakemake.output[name])
        log.info("%s: %d rows", name, len(table))
        if name == "metrics":
            metrics_csv(table, snakemake.params.study, snakemake.output.metrics_csv)
