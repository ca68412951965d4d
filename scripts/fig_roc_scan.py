"""Draw how the ROC curves of the first discriminator move with epsilon, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    import pandas as pd

    from robustag.plotting.roc import CURVE_COLUMNS, draw_roc_scan, roc_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.style import paired_models
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    options, made = snakemake.params.options, snakemake.output
    curves = read_columns(snakemake.input.curves, CURVE_COLUMNS)
    metrics = read_columns(snakemake.input.metrics, METRIC_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        tables = {
            name: roc_table(
                curves,
                metrics,
                options["discriminators"][0],
                paired_models([pair]),
                [(name, epsilon) for epsilon in options["epsilons"]],
            )
            for name in (options["noise"], options["attack"])
        }
        save_figure(draw_roc_scan(tables, pair, options["sample"]), pdf, png)
        # Undistorted jets stand in the panels of both.
        save_shown(pd.concat(tables.values()).drop_duplicates(), csv)
        log.info("%s: %s", pair["label"], pdf)
