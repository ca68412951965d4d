"""Draw the AUC of all models against the size of each attack."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.plotting.epsilon import auc_epsilon_table, draw_auc_epsilon
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    options = snakemake.params.options
    metrics = read_columns(snakemake.input.metrics, METRIC_COLUMNS)
    table = auc_epsilon_table(metrics, options["pairs"], options["attacks"], options["discriminators"])
    save_figure(draw_auc_epsilon(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d points", len(table))
