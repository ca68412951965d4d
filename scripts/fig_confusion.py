"""Draw the confusion matrices, raw and attacked, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.probabilities import CONFUSION_COLUMNS, confusion_matrix, draw_confusion
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    confusion = read_columns(snakemake.input.confusion, CONFUSION_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table = confusion_matrix(confusion, pair, options)
        save_figure(draw_confusion(table, pair, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", pair["label"], pdf)
