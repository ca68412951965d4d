"""Draw the AUC of all models against the size of each attack, a figure a discriminator."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.robustness.epsilon import auc_epsilon_table, draw_auc_epsilon
    from robustag.plotting.store import each

    options = snakemake.params.options
    pairs, attacks = Pair.each(options["pairs"]), options["attacks"]
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    for discriminator, output in each(options["discriminators"], snakemake.output):
        table = auc_epsilon_table(metrics, pairs, attacks, [discriminator])
        output.save(draw_auc_epsilon(table, pairs, attacks, options["sample"]), table)
        log.info("%s: %d points", discriminator, len(table))
