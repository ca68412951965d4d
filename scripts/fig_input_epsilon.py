"""Draw the inputs of all flavours together at every epsilon, attacked and with noise."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.shapes.flavours import HISTOGRAM_COLUMNS
    from robustag.plotting.shapes.inputs import draw_inputs, input_table
    from robustag.plotting.store import each

    options = snakemake.params.options
    pair = Pair(**options["pairs"][0])
    labels = {name: options["labels"][name] for name in options["inputs"]}
    histograms = read_table(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    for name, output in each((options["attack"], options["noise"]), snakemake.output):
        table = input_table(histograms, pair.nominal, name, list(labels))
        title = f"{pair.label} arm,\nnominal training"
        output.save(draw_inputs(table, labels, title, options["sample"]), table)
        log.info("%s: %s", name, output.pdf)
