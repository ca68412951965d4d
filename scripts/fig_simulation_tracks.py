"""Draw tracks a jet, impact-parameter significance and z0 by flavour."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.simulation.objects import draw_tracks, tracks_table
    from robustag.plotting.store import Output

    table = tracks_table(read_table(snakemake.input.histograms))
    figure = draw_tracks(table, snakemake.params.options["sample"])
    Output.of(snakemake.output).save(figure, table)
    log.info("%d rows", len(table))
