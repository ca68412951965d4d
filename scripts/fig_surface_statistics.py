"""Draw steepness, curvature, stability and distances over many jets."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import Output
    from robustag.plotting.surface.statistics import STATISTIC_COLUMNS, draw_statistics, statistics_table

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    table = statistics_table(read_table(snakemake.input.statistics, STATISTIC_COLUMNS), pairs)
    Output.of(snakemake.output).save(draw_statistics(table, pairs, options["sample"]), table)
    log.info("%d numbers", len(table))
