"""Draw what an adversarial jet and adversarial training are."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.sketches import draw_jet, draw_training, jet_table, training_table
    from robustag.plotting.store import save_figure, save_shown

    made, tables = snakemake.output, (jet_table(), training_table())
    for draw, table, pdf, png, csv in zip(
        (draw_jet, draw_training), tables, made.pdf, made.png, made.csv, strict=True
    ):
        save_figure(draw(table), pdf, png)
        save_shown(table, csv)
        log.info("%s", pdf)
