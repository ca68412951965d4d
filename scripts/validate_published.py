"""Put mean and width of every input beside those of the public data set."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.features import FeatureTable
    from robustag.files import read_table, write_csv, write_table
    from robustag.validation.inputs import merge_sums, validation_table
    from robustag.validation.published import load_published

    table = FeatureTable.load(snakemake.input.features)
    published = load_published(snakemake.input.published, table)
    sums = merge_sums(read_table(path) for path in snakemake.input.sums)
    validation = validation_table(sums, table, published)
    write_table(validation, snakemake.output.table)
    write_csv(validation, snakemake.output.csv)
    for column in ("mean_shift", "sigma_ratio"):
        log.info("median of |%s|: %.3f", column, validation[column].abs().median())
