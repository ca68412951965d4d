"""Draw efficiency and mis-tag rate in bins of pT and |eta|, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.bins import BIN_COLUMNS, bin_table, draw_bins
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    bins = read_columns(snakemake.input.bins, BIN_COLUMNS)
    for pair, pdf, png, csv in zip(options["pairs"], made.pdf, made.png, made.csv, strict=True):
        table = bin_table(bins, pair, options)
        save_figure(draw_bins(table, pair, options), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", pair["label"], pdf)
