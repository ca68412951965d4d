"""Draw how well data and simulation agree, nominal against adversarial, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.agreement import draw_agreement
    from robustag.plotting.options import Pair
    from robustag.plotting.store import each

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    verdicts = read_table(snakemake.input.table)
    for pair, output in each(pairs, snakemake.output):
        table = verdicts[verdicts["pair"] == pair.label]
        output.save(draw_agreement(table, pairs, pair, options["sample"]), table)
    log.info("%d pairs", len(pairs))
