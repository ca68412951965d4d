"""Draw the AUC against the epoch."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.epochs import EPOCH_COLUMNS, auc_epoch_table, draw_auc_epoch
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options = snakemake.params.options
    table = auc_epoch_table(read_columns(snakemake.input.epochs, EPOCH_COLUMNS), options)
    save_figure(draw_auc_epoch(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d points", len(table))
