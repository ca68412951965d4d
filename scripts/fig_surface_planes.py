"""Draw the loss around one jet along gradients, principal directions and other inputs."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import each
    from robustag.plotting.surface.contours import PATH_COLUMNS, PLANE_COLUMNS, of_pair
    from robustag.plotting.surface.planes import draw_planes

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    planes = read_table(snakemake.input.planes, PLANE_COLUMNS)
    paths = read_table(snakemake.input.paths, PATH_COLUMNS)
    for pair, output in each(pairs, snakemake.output):
        table, routes = (of_pair(part, pair, jets="jet") for part in (planes, paths))
        output.save(draw_planes(table, routes, options["labels"], options["sample"]), table)
        log.info("%s: %s", pair.label, output.pdf)
