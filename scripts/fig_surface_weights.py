"""Draw the clean and the attacked loss over two random directions of the weights."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.surface_weights import WEIGHT_COLUMNS, draw_weights, weights_table
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    table = weights_table(read_columns(snakemake.input.weights, WEIGHT_COLUMNS), options["pairs"])
    save_figure(draw_weights(table, options), made.pdf, made.png)
    save_shown(table, made.csv)
    log.info("%d points", len(table))
