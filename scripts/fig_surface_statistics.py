"""Draw steepness, curvature, stability and distances over many jets."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.surface_statistics import STATISTIC_COLUMNS, draw_statistics, statistics_table
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    statistics = read_columns(snakemake.input.statistics, STATISTIC_COLUMNS)
    table = statistics_table(statistics, options["pairs"])
    save_figure(draw_statistics(table, options), made.pdf, made.png)
    save_shown(table, made.csv)
    log.info("%d numbers", len(table))
