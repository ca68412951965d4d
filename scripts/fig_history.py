"""Draw the training histories."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.history import HISTORY_COLUMNS, draw_history, history_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options = snakemake.params.options
    table = history_table(read_columns(snakemake.input.history, HISTORY_COLUMNS), options)
    save_figure(draw_history(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d epochs", len(table))
