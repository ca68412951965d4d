"""Add the histograms of all chunks that are compared with their truth."""

import pandas as pd

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.files import write_table
    from robustag.validation.histograms import merge_histograms

    merged = merge_histograms(pd.read_parquet(path) for path in snakemake.input.histograms)
    write_table(merged, snakemake.output.histograms)
    log.info("%d bins of %d quantities", len(merged), merged["quantity"].nunique())
