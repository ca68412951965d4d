"""Draw how close each attack comes to the best of all, against the passes it takes."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.robustness.optimality import (
        OPTIMALITY_COLUMNS,
        draw_optimality,
        optimality_table,
    )
    from robustag.plotting.store import Output

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    table = optimality_table(read_table(snakemake.input.optimality, OPTIMALITY_COLUMNS), pairs)
    Output.of(snakemake.output).save(
        draw_optimality(table, pairs, options["sample"], options["strength"]), table
    )
    log.info("%d points", len(table))
