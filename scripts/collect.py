"""Gather one kind of table of all models and seeds, with the model and the seed in front of every row."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.collection import collect

    parts = zip(snakemake.input.parts, snakemake.params.origins, strict=True)
    table = collect(((path, *origin) for path, origin in parts), snakemake.output.table)
    log.info("%d rows", len(table))
