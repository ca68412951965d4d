"""Draw efficiency and mis-tag rate in bins of pT and |eta|, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair, Perturbation
    from robustag.plotting.robustness.bins import BIN_COLUMNS, bin_table, draw_bins
    from robustag.plotting.store import each
    from robustag.plotting.style import arm_models

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    attack = Perturbation(options["attack"], options["epsilon"])
    bins = read_table(snakemake.input.bins, BIN_COLUMNS)
    for pair, output in each(pairs, snakemake.output):
        table = bin_table(bins, pair, options["discriminators"][0], attack)
        output.save(draw_bins(table, arm_models(pairs, pair.label), attack, options["sample"]), table)
        log.info("%s: %s", pair.label, output.pdf)
