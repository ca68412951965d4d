"""Draw one input, raw and attacked, for each pair of models."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.features import FeatureTable
    from robustag.plotting.shapes import HISTOGRAM_COLUMNS, draw_shapes, shape_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.style import input_label
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    name = options["input"]
    features = FeatureTable.load(snakemake.input.features)
    axis_label = input_label(name, features.units[features.index(name)])
    histograms = read_columns(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table = shape_table(histograms, name, pair, options)
        save_figure(draw_shapes(table, axis_label, options), pdf, png)
        save_shown(table, csv)
        log.info("%s of %s: %s", name, pair["label"], pdf)
