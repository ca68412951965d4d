"""Draw the loss around one jet over two of its inputs, and tabulate its corners."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.surface import PATH_COLUMNS, PLANE_COLUMNS, draw_surface, of_pair
    from robustag.plotting.surface_corners import corner_table
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    planes = read_columns(snakemake.input.planes, PLANE_COLUMNS)
    paths = read_columns(snakemake.input.paths, PATH_COLUMNS)
    save_shown(corner_table(planes, options["pairs"], published=options["published"]), made.corners)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table, routes = (of_pair(part, pair, jets="jet") for part in (planes, paths))
        save_figure(draw_surface(table, routes, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", pair["label"], pdf)
