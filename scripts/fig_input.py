"""Draw the inputs by true flavour, raw and attacked, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    import pandas as pd

    from robustag.files import read_table
    from robustag.plotting.options import Pair, Perturbation
    from robustag.plotting.shapes.flavours import HISTOGRAM_COLUMNS, draw_shapes, shape_table
    from robustag.plotting.store import each

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    attack = Perturbation(options["attack"], options["epsilon"])
    labels = {name: options["labels"][name] for name in options["inputs"]}
    histograms = read_table(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    for pair, output in each(pairs, snakemake.output):
        table = pd.concat([shape_table(histograms, name, pair, attack) for name in labels])
        output.save(draw_shapes(table, labels, attack, options["sample"]), table)
        log.info("%s: %s", pair.label, output.pdf)
