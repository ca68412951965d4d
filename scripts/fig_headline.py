"""Draw the study in one small picture: attack and noise against nominal and adversarial training."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.robustness.epsilon import EPSILON_COLUMNS, auc_epsilon_table, draw_headline
    from robustag.plotting.store import Output

    options = snakemake.params.options
    pair = Pair(**options["pairs"][0])
    shown = [options["noise"], options["attack"]]
    metrics = read_table(snakemake.input.metrics, EPSILON_COLUMNS)
    table = auc_epsilon_table(metrics, [pair], shown, options["discriminators"][:1])
    Output.of(snakemake.output).save(draw_headline(table, pair, shown, options["sample"]), table)
    log.info("%d points", len(table))
