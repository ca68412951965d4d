"""Draw what each way of training has seen against the sources it is judged on."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.leave_one_out import draw_leave_one_out, leave_one_out_table
    from robustag.plotting.store import Output

    params, options = snakemake.params, snakemake.params.options
    table = leave_one_out_table(
        read_table(snakemake.input.uncertainties),
        options["discriminators"],
        float(options["working_point"]),
        params.seen,
    )
    Output.of(snakemake.output).save(draw_leave_one_out(table, options["sample"]), table)
    log.info("%d cells", len(table))
