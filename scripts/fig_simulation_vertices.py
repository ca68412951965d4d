"""Draw secondary vertices by flavour: shapes, efficiency and composition."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.simulation import draw_vertices, vertices_table
    from robustag.plotting.store import save_figure, save_shown

    table = vertices_table(read_table(snakemake.input.histograms))
    figure = draw_vertices(table, snakemake.params.options["sample"])
    save_figure(figure, snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d rows", len(table))
