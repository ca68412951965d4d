"""Draw means and widths of all inputs against those of the public data set."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.simulation_inputs import draw_inputs, inputs_table
    from robustag.plotting.store import save_figure, save_shown

    table = inputs_table(read_table(snakemake.input.table))
    figure = draw_inputs(table, snakemake.params.options["sample"])
    save_figure(figure, snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d inputs", len(table))
