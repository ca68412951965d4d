"""Draw the reliability of the predicted probabilities, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.probabilities import CALIBRATION_COLUMNS, calibration_table, draw_calibration
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    calibration = read_columns(snakemake.input.calibration, CALIBRATION_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table = calibration_table(calibration, pair, options)
        save_figure(draw_calibration(table, pair, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", pair["label"], pdf)
