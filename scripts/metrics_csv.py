"""Write the metrics as text."""

from robustag.workflow import job

with job(snakemake) as log:
    import pandas as pd

    from robustag.evaluation.collection import metrics_csv

    metrics_csv(pd.read_parquet(snakemake.input.metrics), snakemake.params.study, snakemake.output.csv)
