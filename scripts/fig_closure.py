"""Draw the bias after a calibration and the coverage of its uncertainty, for every way of training."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.closure import closure_table, draw_closure
    from robustag.plotting.store import Output

    files, options = snakemake.input, snakemake.params.options
    discriminators, nominal = options["discriminators"], options["nominal"]
    table = closure_table(
        read_table(files.residuals),
        read_table(files.coverage),
        next(map(read_table, files.pseudo_data), None),
        nominal,
        discriminators,
        float(options["working_point"]),
    )
    figure = draw_closure(table, [nominal, *options["models"]], discriminators, options["sample"])
    Output.of(snakemake.output).save(figure, table)
    log.info("%d points", len(table))
