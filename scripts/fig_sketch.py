"""Draw what an adversarial jet and adversarial training are."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.store import each
    from robustag.plotting.training.sketches import draw_jet, draw_training, jet_table, training_table

    shown = ((draw_jet, jet_table()), (draw_training, training_table()))
    for (draw, table), output in each(shown, snakemake.output):
        output.save(draw(table), table)
        log.info("%s", output.pdf)
