"""Draw proper decay lengths of b hadrons, true and from vertices."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.simulation.truth import draw_lifetime, lifetime_table
    from robustag.plotting.store import Output

    table = lifetime_table(read_table(snakemake.input.histograms))
    figure = draw_lifetime(table, snakemake.params.options["sample"])
    Output.of(snakemake.output).save(figure, table)
    log.info("%d rows", len(table))
