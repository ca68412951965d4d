"""List the tensor files of one simulation of all samples, with the checksum of what each holds."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.tensors import write_index

    write_index(snakemake.input.tensors, snakemake.output.index)
    log.info("%d files", len(snakemake.input.tensors))
