"""Draw efficiency and mis-tag rate against the cut on each discriminator, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair, Perturbation
    from robustag.plotting.shapes.flavours import HISTOGRAM_COLUMNS
    from robustag.plotting.shapes.thresholds import draw_thresholds, threshold_table
    from robustag.plotting.store import each

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    attack = Perturbation(options["attack"], options["epsilon"])
    histograms = read_table(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    for pair, output in each(pairs, snakemake.output):
        table = threshold_table(histograms, options["discriminators"], pair, attack)
        output.save(draw_thresholds(table, attack, options["sample"]), table)
        log.info("%s: %s", pair.label, output.pdf)
