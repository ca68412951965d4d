"""Draw the ROC curves of the first discriminator under each configured set of perturbations."""

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
    models, discriminator = paired_models(pairs), options["discriminators"][0]
    curves = read_table(snakemake.input.curves, CURVE_COLUMNS)
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    for (name, perturbations), output in each(options["rocs"].items(), snakemake.output):
        shown = [Perturbation(perturbation, options["epsilon"]) for perturbation in perturbations]
        table = roc_table(curves, metrics, discriminator, models, shown)
        output.save(draw_roc(table, pairs, options["sample"]), table)
        log.info("%s: %s", name, output.pdf)
