"""Draw the ROC curves of each configured discriminator, raw and attacked."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.files import read_table
    from robustag.plotting.options import Pair, Perturbation
    from robustag.plotting.robustness.roc import CURVE_COLUMNS, draw_roc, roc_table
    from robustag.plotting.store import each
    from robustag.plotting.style import paired_models

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    attack = Perturbation(options["attack"], options["epsilon"])
    curves = read_table(snakemake.input.curves, CURVE_COLUMNS)
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    for discriminator, output in each(options["discriminators"], snakemake.output):
        table = roc_table(curves, metrics, discriminator, paired_models(pairs), [attack])
        output.save(draw_roc(table, pairs, options["sample"]), table)
        log.info("%s: %s", discriminator, output.pdf)
