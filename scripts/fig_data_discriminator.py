"""Draw the discriminators of data over those of simulation, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.data import draw_data_discriminators, paired_data_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import each

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    labels = {name: f"{name} discriminator" for name in options["discriminators"]}
    histograms = read_table(snakemake.input.histograms)
    for pair, output in each(pairs, snakemake.output):
        table = paired_data_table(histograms, list(labels), pair)
        output.save(draw_data_discriminators(table, labels, options["sample"]), table)
    log.info("%d pairs", len(pairs))
