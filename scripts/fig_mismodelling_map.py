"""Draw what attacks and mismodellings cost against how far they move the inputs."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling_map import draw_map, map_table
    from robustag.plotting.store import save_figure, save_shown

    options = snakemake.params.options
    verdicts = read_table(snakemake.input.verdicts)
    table = map_table(
        verdicts[verdicts["discriminator"] == options["discriminators"][0]],
        read_table(snakemake.input.histograms),
        options["inputs"],
        options["pairs"],
    )
    save_figure(draw_map(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d points", len(table))
