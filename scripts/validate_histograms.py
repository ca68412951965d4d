"""Add the histograms of all chunks that are compared with their truth."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table, write_table
    from robustag.validation.histograms import merge_histograms

    merged = merge_histograms(read_table(path) for path in snakemake.input.histograms)
    write_table(merged, snakemake.output.histograms)
    log.info("%d bins of %d quantities", len(merged), merged["quantity"].nunique())
