"""Write the metrics as text."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.collection import metrics_csv
    from robustag.files import read_table

    metrics_csv(read_table(snakemake.input.metrics), snakemake.params.study, snakemake.output.csv)
