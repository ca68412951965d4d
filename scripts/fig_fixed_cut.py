"""Draw efficiency and mis-tag rate at cuts fixed on raw jets against epsilon."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.fixed_cut import draw_fixed_cut, fixed_cut_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    options, made = snakemake.params.options, snakemake.output
    metrics = read_columns(snakemake.input.metrics, METRIC_COLUMNS)
    shown = [options["noise"], options["attack"]]
    for discriminator, pdf, png, csv in zip(
        options["discriminators"], made.pdf, made.png, made.csv, strict=True
    ):
        table = fixed_cut_table(metrics, options["pairs"], shown, discriminator)
        save_figure(draw_fixed_cut(table, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", discriminator, pdf)
