"""Draw the loss around one jet over two of its inputs, and tabulate its corners."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table, write_csv
    from robustag.plotting.options import Pair
    from robustag.plotting.store import each
    from robustag.plotting.style import arm_models
    from robustag.plotting.surface.contours import PATH_COLUMNS, PLANE_COLUMNS, of_pair
    from robustag.plotting.surface.corners import corner_table
    from robustag.plotting.surface.jet import draw_surface

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    labels, sample = options["labels"], options["sample"]
    planes = read_table(snakemake.input.planes, PLANE_COLUMNS)
    paths = read_table(snakemake.input.paths, PATH_COLUMNS)
    write_csv(corner_table(planes, pairs, published=options["published"]), snakemake.output.corners)
    for pair, output in each(pairs, snakemake.output):
        table, routes = (of_pair(part, pair, jets="jet") for part in (planes, paths))
        models = arm_models(pairs, pair.label)
        output.save(draw_surface(table, routes, models, labels, sample), table)
        log.info("%s: %s", pair.label, output.pdf)
