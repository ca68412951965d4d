"""Draw track resolutions against pT and eta, and pulls."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.simulation_truth import draw_resolution, resolution_table
    from robustag.plotting.store import save_figure, save_shown

    table = resolution_table(read_table(snakemake.input.histograms))
    figure = draw_resolution(table, snakemake.params.options["sample"])
    save_figure(figure, snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d rows", len(table))
