"""Draw how far perturbed inputs are from clean ones, input by input and for a classifier of all of them."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Mismodelling, Pair
    from robustag.plotting.shapes.distances import DISTANCE_COLUMNS, distance_table, draw_distances
    from robustag.plotting.store import Output

    options = snakemake.params.options
    pair, mismodellings = Pair(**options["pairs"][0]), Mismodelling.each(options["mismodellings"])
    distances = read_table(snakemake.input.distances, DISTANCE_COLUMNS)
    table = distance_table(distances, pair.nominal, mismodellings, options["kinds"])
    Output.of(snakemake.output).save(draw_distances(table, options["sample"]), table)
    log.info("%d distances", len(table))
