"""Draw efficiency and mis-tag rate against the cut on each discriminator, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.shapes import HISTOGRAM_COLUMNS
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns
    from robustag.plotting.thresholds import draw_thresholds, threshold_table

    options, made = snakemake.params.options, snakemake.output
    histograms = read_columns(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table = threshold_table(histograms, options["discriminators"], pair, options)
        save_figure(draw_thresholds(table, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", pair["label"], pdf)
