"""Draw how the ROC curves of the first discriminator move with epsilon, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    import pandas as pd

    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.files import read_table
    from robustag.plotting.options import Pair, Perturbation
    from robustag.plotting.robustness.roc import CURVE_COLUMNS, draw_roc_scan, roc_table
    from robustag.plotting.store import each
    from robustag.plotting.style import paired_models

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    discriminator = options["discriminators"][0]
    scans = {
        name: [Perturbation(name, epsilon) for epsilon in options["epsilons"]]
        for name in (options["noise"], options["attack"])
    }
    curves = read_table(snakemake.input.curves, CURVE_COLUMNS)
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    for pair, output in each(pairs, snakemake.output):
        tables = {
            name: roc_table(curves, metrics, discriminator, paired_models([pair]), scan)
            for name, scan in scans.items()
        }
        # Undistorted jets stand in the panels of both.
        shown = pd.concat(tables.values()).drop_duplicates()
        output.save(draw_roc_scan(tables, pair, options["sample"]), shown)
        log.info("%s: %s", pair.label, output.pdf)
