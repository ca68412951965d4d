"""Draw what each attack takes of the AUC of all models against its size, a figure a discriminator."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.robustness.epsilon import EPSILON_COLUMNS, auc_epsilon_table, draw_auc_epsilon
    from robustag.plotting.store import each

    options = snakemake.params.options
    pairs, compared, apart = Pair.each(options["pairs"]), options["compared"], options["apart"]
    metrics = read_table(snakemake.input.metrics, EPSILON_COLUMNS)
    for discriminator, output in each(options["discriminators"], snakemake.output):
        table = auc_epsilon_table(metrics, pairs, [*compared, *apart], [discriminator])
        output.save(draw_auc_epsilon(table, pairs, compared, apart, options["sample"]), table)
        log.info("%s: %d points", discriminator, len(table))
