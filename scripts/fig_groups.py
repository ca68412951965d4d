"""Draw what an attack on each group of inputs costs, and what is saved when this group stays."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.reading import pick
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.robustness.groups import draw_groups, groups_table
    from robustag.plotting.store import Output

    params, options = snakemake.params, snakemake.params.options
    pairs = Pair.each(options["pairs"])
    aucs = pick(read_table(snakemake.input.groups), "groups", attack=params.attack)
    table = groups_table(aucs, pairs, options["discriminators"], params.significance)
    Output.of(snakemake.output).save(draw_groups(table, pairs, options["sample"]), table)
    log.info("%d numbers", len(table))
