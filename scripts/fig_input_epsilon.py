"""Draw the inputs of all flavours together at every epsilon, attacked and with noise."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.inputs import draw_inputs, input_table
    from robustag.plotting.shapes import HISTOGRAM_COLUMNS
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options, made = snakemake.params.options, snakemake.output
    pair = options["pairs"][0]
    labels = {name: options["labels"][name] for name in options["inputs"]}
    histograms = read_columns(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    for name, pdf, png, csv in zip(
        (options["attack"], options["noise"]), made.pdf, made.png, made.csv, strict=True
    ):
        table = input_table(histograms, pair["nominal"], name, list(labels))
        title = f"{pair['label']} arm,\nnominal training"
        save_figure(draw_inputs(table, labels, title, options["sample"]), pdf, png)
        save_shown(table, csv)
        log.info("%s: %s", name, pdf)
