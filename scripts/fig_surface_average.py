"""Draw the loss averaged over the jets of each flavour."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.surface import PATH_COLUMNS, PLANE_COLUMNS
    from robustag.plotting.surface_planes import averages_of_pair, draw_averages
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    planes = read_columns(snakemake.input.planes, PLANE_COLUMNS)
    paths = read_columns(snakemake.input.paths, PATH_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table, routes = (averages_of_pair(part, pair) for part in (planes, paths))
        save_figure(draw_averages(table, routes, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", pair["label"], pdf)
