"""Power sums of the inputs of one chunk of a validation sample."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.validation.inputs import input_sums
    from robustag.validation.published import load_published

    table = FeatureTable.load(snakemake.input.features)
    published = load_published(snakemake.input.published, table)
    sums = input_sums(snakemake.input.ntuple, snakemake.params.process, table, published)
    write_table(sums, snakemake.output.sums)
    log.info("%d sums", len(sums))
