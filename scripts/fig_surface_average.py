"""Draw the loss averaged over the jets of each flavour."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import each
    from robustag.plotting.surface.contours import PATH_COLUMNS, PLANE_COLUMNS
    from robustag.plotting.surface.planes import averages_of_pair, draw_averages

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    planes = read_table(snakemake.input.planes, PLANE_COLUMNS)
    paths = read_table(snakemake.input.paths, PATH_COLUMNS)
    for pair, output in each(pairs, snakemake.output):
        table, routes = (averages_of_pair(part, pair) for part in (planes, paths))
        output.save(draw_averages(table, routes, options["sample"]), table)
        log.info("%s: %s", pair.label, output.pdf)
