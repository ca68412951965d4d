"""Draw track resolutions against pT and eta, and pulls."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.simulation.truth import draw_resolution, resolution_table
    from robustag.plotting.store import Output

    table = resolution_table(read_table(snakemake.input.histograms))
    figure = draw_resolution(table, snakemake.params.options["sample"])
    Output.of(snakemake.output).save(figure, table)
    log.info("%d rows", len(table))
