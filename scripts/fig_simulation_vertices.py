"""Draw secondary vertices by flavour: shapes, efficiency and composition."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.simulation.objects import draw_vertices, vertices_table
    from robustag.plotting.store import Output

    table = vertices_table(read_table(snakemake.input.histograms))
    figure = draw_vertices(table, snakemake.params.options["sample"])
    Output.of(snakemake.output).save(figure, table)
    log.info("%d rows", len(table))
