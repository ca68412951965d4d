"""Draw the inputs by true flavour, raw and attacked, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    import pandas as pd

    from robustag.plotting.shapes import HISTOGRAM_COLUMNS, draw_shapes, shape_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    labels = {name: options["labels"][name] for name in options["inputs"]}
    histograms = read_columns(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table = pd.concat([shape_table(histograms, name, pair, options) for name in labels])
        save_figure(draw_shapes(table, labels, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", pair["label"], pdf)
