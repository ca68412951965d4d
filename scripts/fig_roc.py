"""Draw the ROC curves of each configured discriminator, raw and attacked."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.roc import CURVE_COLUMNS, draw_roc, roc_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.style import paired_models
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    options, made = snakemake.params.options, snakemake.output
    curves = read_columns(snakemake.input.curves, CURVE_COLUMNS)
    metrics = read_columns(snakemake.input.metrics, METRIC_COLUMNS)
    models, attacked = paired_models(options["pairs"]), [(options["attack"], options["epsilon"])]
    for discriminator, pdf, png, csv in zip(
        options["discriminators"], made.pdf, made.png, made.csv, strict=True
    ):
        table = roc_table(curves, metrics, discriminator, models, attacked)
        save_figure(draw_roc(table, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", discriminator, pdf)
