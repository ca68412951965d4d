"""Draw the training histories."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import Output
    from robustag.plotting.training.history import HISTORY_COLUMNS, draw_history, history_table

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    table = history_table(read_table(snakemake.input.history, HISTORY_COLUMNS), pairs)
    Output.of(snakemake.output).save(draw_history(table, pairs, options["sample"]), table)
    log.info("%d epochs", len(table))
