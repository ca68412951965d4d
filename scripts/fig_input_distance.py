"""Draw how far perturbed inputs are from clean ones, input by input and for a classifier of all of them."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.distances import DISTANCE_COLUMNS, distance_table, draw_distances
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options = snakemake.params.options
    distances = read_columns(snakemake.input.distances, DISTANCE_COLUMNS)
    table = distance_table(
        distances, options["pairs"][0]["nominal"], options["mismodellings"], options["kinds"]
    )
    save_figure(draw_distances(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d distances", len(table))
