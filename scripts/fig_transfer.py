"""Draw the transfer matrix of each discriminator."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns
    from robustag.plotting.transfer import TRANSFER_COLUMNS, draw_transfer, transfer_table

    options, made = snakemake.params.options, snakemake.output
    transfer = read_columns(snakemake.input.transfer, TRANSFER_COLUMNS)
    for discriminator, pdf, png, csv in zip(
        options["discriminators"], made.pdf, made.png, made.csv, strict=True
    ):
        table = transfer_table(transfer, discriminator)
        save_figure(draw_transfer(table, options["sample"]), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", discriminator, pdf)
