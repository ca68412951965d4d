"""Draw performance against calibration uncertainty, and against attacks, for every way of training."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.frontier import draw_frontier, frontier_panels, frontier_table
    from robustag.plotting.store import Output

    files, options = snakemake.input, snakemake.params.options
    discriminators = options["discriminators"]
    table = frontier_table(
        read_table(files.uncertainties),
        read_table(files.performances),
        options["nominal"],
        discriminators[0],
        float(options["working_point"]),
    )
    panels = frontier_panels(discriminators, options["attacks"], options["epsilon"])
    figure = draw_frontier(table, panels, discriminators[0], options["sample"])
    Output.of(snakemake.output).save(figure, table)
    log.info("%d points", len(table))
