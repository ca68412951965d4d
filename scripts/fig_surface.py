"""Draw the loss around one jet and the gradients around many, for each pair of models."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.features import FeatureTable
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.style import input_label
    from robustag.plotting.surface import (
        GEOMETRY_COLUMNS,
        PLANE_COLUMNS,
        draw_surface,
        geometry_table,
        plane_table,
    )
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    features = FeatureTable.load(snakemake.input.features)
    planes = read_columns(snakemake.input.planes, PLANE_COLUMNS)
    geometry = read_columns(snakemake.input.geometry, GEOMETRY_COLUMNS)
    scanned = planes["feature_x"].iloc[0], planes["feature_y"].iloc[0]
    axis_labels = tuple(input_label(name, features.units[features.index(name)]) for name in scanned)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table = plane_table(planes, pair)
        save_figure(draw_surface(table, geometry_table(geometry, pair), axis_labels, options), pdf, png)
        save_shown(table, csv)
        log.info("%s over %s of %s: %s", *scanned, pair["label"], pdf)
