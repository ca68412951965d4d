"""Pack what a study found into one file."""

from pathlib import Path

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.workflow.archive import pack

    results = Path(snakemake.params.results)
    files = pack(results, {*snakemake.input.needed, *snakemake.input.made}, snakemake.output.archive)
    log.info("%d files", len(files))
