"""Say against which attacks and mismodellings adversarial training helps, and by how much."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.evaluation.verdicts import verdicts
    from robustag.files import read_table, write_csv, write_table

    params = snakemake.params
    table = verdicts(
        read_table(snakemake.input.metrics, METRIC_COLUMNS),
        params.options["pairs"],
        params.options["discriminators"],
        params.mistags,
        params.significance,
    )
    write_table(table, snakemake.output.table)
    write_csv(table, snakemake.output.csv)
    log.info("%s", table["verdict"].value_counts().to_dict())
