"""Draw means and widths of all inputs against those of the public data set."""

import pandas as pd

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.plotting.simulation_inputs import draw_inputs, inputs_table
    from robustag.plotting.store import save_figure, save_shown

    table = inputs_table(pd.read_csv(snakemake.input.table))
    figure = draw_inputs(table, snakemake.params.options["sample"])
    save_figure(figure, snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d inputs", len(table))
