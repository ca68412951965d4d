"""Draw means and widths of all inputs against those of the public data set."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.simulation.inputs import draw_inputs, inputs_table
    from robustag.plotting.store import Output

    table = inputs_table(read_table(snakemake.input.table))
    figure = draw_inputs(table, snakemake.params.options["sample"])
    Output.of(snakemake.output).save(figure, table)
    log.info("%d inputs", len(table))
