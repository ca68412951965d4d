"""Set what every perturbation costs beside the jets of data that would show it."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.undetected import undetected
    from robustag.files import read_table, write_csv, write_table

    params = snakemake.params
    table = undetected(
        read_table(snakemake.input.verdicts),
        read_table(snakemake.input.distances),
        params.options["pairs"],
        params.options["discriminators"][0],
        params.working_point,
    )
    write_table(table, snakemake.output.table)
    write_csv(table, snakemake.output.csv)
    log.info("%d rows", len(table))
