"""Draw the study in one small picture: attack and noise against nominal and adversarial training."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.epsilon import auc_epsilon_table, draw_headline
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    options = snakemake.params.options
    metrics = read_columns(snakemake.input.metrics, METRIC_COLUMNS)
    shown = [options["noise"], options["attack"]]
    table = auc_epsilon_table(metrics, options["pairs"][:1], shown, options["discriminators"][:1])
    save_figure(draw_headline(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d points", len(table))
