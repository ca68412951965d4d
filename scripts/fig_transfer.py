"""Draw the transfer matrix of each discriminator."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.robustness.transfer import TRANSFER_COLUMNS, draw_transfer, transfer_table
    from robustag.plotting.store import each

    options = snakemake.params.options
    transfer = read_table(snakemake.input.transfer, TRANSFER_COLUMNS)
    for discriminator, output in each(options["discriminators"], snakemake.output):
        table = transfer_table(transfer, discriminator)
        output.save(draw_transfer(table, options["sample"]), table)
        log.info("%s: %s", discriminator, output.pdf)
