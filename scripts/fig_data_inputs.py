"""Draw the inputs of data over those of simulation."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    import pandas as pd

    from robustag.files import read_table
    from robustag.plotting.mismodelling.data import data_table, draw_data_inputs
    from robustag.plotting.store import Output

    options = snakemake.params.options
    labels = {name: options["labels"][name] for name in options["inputs"]}
    histograms = read_table(snakemake.input.histograms)
    table = pd.concat([data_table(histograms, name) for name in labels], ignore_index=True)
    Output.of(snakemake.output).save(draw_data_inputs(table, labels, options["sample"]), table)
    log.info("%d inputs", len(labels))
