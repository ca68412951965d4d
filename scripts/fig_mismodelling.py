"""Draw what each mismodelling does to nominal and adversarial models, and what training gains."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.files import read_table
    from robustag.plotting.mismodelling.losses import draw_mismodelling, mismodelling_table
    from robustag.plotting.options import Mismodelling, Pair
    from robustag.plotting.store import Output

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    mismodellings = Mismodelling.each(options["mismodellings"])
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    cut = options["working_point"]
    table = mismodelling_table(metrics, pairs, mismodellings, options["discriminators"][0], cut)
    Output.of(snakemake.output).save(draw_mismodelling(table, pairs, cut, options["sample"]), table)
    log.info("%d numbers", len(table))
