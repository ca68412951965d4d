"""Draw the calibration uncertainties of the nominal and the adversarial model of every pair."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.scale_factors import draw_scale_factors, scale_factor_table
    from robustag.plotting.options import Pair
    from robustag.plotting.store import each

    params, options = snakemake.params, snakemake.params.options
    compared = read_table(snakemake.input.table)
    pairs = Pair.each(options["pairs"])
    points = sorted(params.mistags, reverse=True)
    for pair, output in each(pairs, snakemake.output):
        table = scale_factor_table(compared, pair, options["discriminators"])
        output.save(draw_scale_factors(table, pairs, pair, points, options["sample"]), table)
    log.info("%d pairs", len(pairs))
