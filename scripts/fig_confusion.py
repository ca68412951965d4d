"""Draw the confusion matrices, raw and attacked, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair, Perturbation
    from robustag.plotting.probabilities.confusion import CONFUSION_COLUMNS, confusion_matrix, draw_confusion
    from robustag.plotting.store import each

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    attack = Perturbation(options["attack"], options["epsilon"])
    confusion = read_table(snakemake.input.confusion, CONFUSION_COLUMNS)
    for pair, output in each(pairs, snakemake.output):
        table = confusion_matrix(confusion, pair, attack)
        output.save(draw_confusion(table, pair.label, attack, options["sample"]), table)
        log.info("%s: %s", pair.label, output.pdf)
