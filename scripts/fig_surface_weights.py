"""Draw the clean and the attacked loss over two random directions of the weights."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import Output
    from robustag.plotting.surface.weights import WEIGHT_COLUMNS, draw_weights, weights_table

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    table = weights_table(read_table(snakemake.input.weights, WEIGHT_COLUMNS), pairs)
    Output.of(snakemake.output).save(draw_weights(table, pairs, options["sample"]), table)
    log.info("%d points", len(table))
