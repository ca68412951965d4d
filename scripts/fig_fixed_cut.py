"""Draw efficiency and mis-tag rate at cuts fixed on raw jets against epsilon."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.robustness.fixed_cut import draw_fixed_cut, fixed_cut_table
    from robustag.plotting.store import each

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    shown = [options["noise"], options["attack"]]
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    for discriminator, output in each(options["discriminators"], snakemake.output):
        table = fixed_cut_table(metrics, pairs, shown, discriminator)
        output.save(draw_fixed_cut(table, pairs, options["sample"]), table)
        log.info("%s: %s", discriminator, output.pdf)
