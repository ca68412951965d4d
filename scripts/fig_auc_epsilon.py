"""Draw the AUC of all models against the size of each attack, a figure a discriminator."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.epsilon import auc_epsilon_table, draw_auc_epsilon
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    options, made = snakemake.params.options, snakemake.output
    metrics = read_columns(snakemake.input.metrics, METRIC_COLUMNS)
    for discriminator, pdf, png, csv in zip(
        options["discriminators"], made.pdf, made.png, made.csv, strict=True
    ):
        table = auc_epsilon_table(metrics, options["pairs"], options["attacks"], [discriminator])
        save_figure(draw_auc_epsilon(table, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %d points", discriminator, len(table))
