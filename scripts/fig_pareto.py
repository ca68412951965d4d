"""Draw clean against attacked performance of every recipe."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.pareto import draw_pareto, pareto_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    options = snakemake.params.options
    table = pareto_table(read_columns(snakemake.input.metrics, METRIC_COLUMNS), options)
    save_figure(draw_pareto(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d points", len(table))
