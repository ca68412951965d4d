"""Draw performance on raw jets against what attacks take of it, of every recipe."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Perturbation
    from robustag.plotting.store import Output
    from robustag.plotting.training.pareto import (
        PARETO_COLUMNS,
        Comparison,
        Training,
        draw_pareto,
        pareto_table,
    )

    options = snakemake.params.options
    compared = Comparison(
        trainings=[Training(*entry) for entry in options["models"]],
        attacks=[Perturbation(name, options["epsilon"]) for name in options["attacks"]],
        discriminators=options["discriminators"],
    )
    table = pareto_table(read_table(snakemake.input.metrics, PARETO_COLUMNS), compared)
    Output.of(snakemake.output).save(draw_pareto(table, compared, options["sample"]), table)
    log.info("%d points", len(table))
