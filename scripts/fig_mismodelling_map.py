"""Draw what attacks and mismodellings cost against how far they move the inputs."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.map import draw_map, map_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import Output

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    verdicts = read_table(snakemake.input.verdicts)
    table = map_table(
        verdicts[verdicts["discriminator"] == options["discriminators"][0]],
        read_table(snakemake.input.histograms),
        options["inputs"],
        pairs,
    )
    figure = draw_map(table, pairs, [options["attack"], options["noise"]], options["sample"])
    Output.of(snakemake.output).save(figure, table)
    log.info("%d points", len(table))
