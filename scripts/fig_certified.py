"""Draw the best attack and the certificate against epsilon, nominal against adversarial models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair
    from robustag.plotting.robustness.certified import CERTIFICATE_COLUMNS, certified_table, draw_certified
    from robustag.plotting.store import Output

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    certificates = read_table(snakemake.input.certificates, CERTIFICATE_COLUMNS)
    # The loosest working point: of the few certified jets, tighter cuts leave a handful.
    others = options["certified"]
    table = certified_table(
        certificates, pairs, options["discriminators"][0], max(options["mistags"]), others
    )
    Output.of(snakemake.output).save(draw_certified(table, pairs, options["sample"], others), table)
    log.info("%d points", len(table))
