"""Draw the first configured discriminator, raw and attacked, for each pair of models."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.plotting.shapes import HISTOGRAM_COLUMNS, draw_shapes, shape_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    quantity = options["discriminators"][0]
    histograms = read_columns(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table = shape_table(histograms, quantity, pair, options)
        save_figure(draw_shapes(table, f"{quantity} discriminator", options), pdf, png)
        save_shown(table, csv)
        log.info("%s of %s: %s", quantity, pair["label"], pdf)
