"""Draw the AUC that each mismodelling costs nominal and adversarial models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.mismodelling import draw_mismodelling, mismodelling_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    options = snakemake.params.options
    metrics = read_columns(snakemake.input.metrics, METRIC_COLUMNS)
    table = mismodelling_table(
        metrics, options["pairs"], options["mismodellings"], options["discriminators"][0]
    )
    save_figure(draw_mismodelling(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d losses", len(table))
