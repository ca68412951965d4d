"""Draw the AUC against the epoch."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair, Perturbation
    from robustag.plotting.store import Output
    from robustag.plotting.training.epochs import EPOCH_COLUMNS, auc_epoch_table, draw_auc_epoch

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    discriminators = options["discriminators"]
    attack, noise = (Perturbation(options[kind], options["epsilon"]) for kind in ("attack", "noise"))
    table = auc_epoch_table(read_table(snakemake.input.epochs, EPOCH_COLUMNS), pairs, discriminators)
    figure = draw_auc_epoch(
        table, pairs, discriminators, attack=attack, noise=noise, sample=options["sample"]
    )
    Output.of(snakemake.output).save(figure, table)
    log.info("%d points", len(table))
