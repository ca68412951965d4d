"""Draw what perturbations cost against the jets of data that would show them."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.undetected import draw_undetected, undetected_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import Output

    params, options = snakemake.params, snakemake.params.options
    table = undetected_table(read_table(snakemake.input.table), Pair.each(options["pairs"]))
    figure = draw_undetected(
        table,
        Pair.each(options["pairs"]),
        options["data_jets"],
        f"{options['discriminators'][0]}, {params.working_point:g} mis-tag rate",
        options["sample"],
    )
    Output.of(snakemake.output).save(figure, table)
    log.info("%d points", len(table))
