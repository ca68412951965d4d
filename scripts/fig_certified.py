"""Draw the best attack and the certificate against epsilon, nominal against adversarial models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.certified import CERTIFICATE_COLUMNS, certified_table, draw_certified
    from robustag.plotting.store import save_figure, save_shown
    from robustag.plotting.tables import read_columns

    options = snakemake.params.options
    certificates = read_columns(snakemake.input.certificates, CERTIFICATE_COLUMNS)
    # Of three working points, loose, medium and tight, the medium one.
    working_point = sorted(options["mistags"])[len(options["mistags"]) // 2]
    table = certified_table(certificates, options["pairs"], options["discriminators"][0], working_point)
    save_figure(draw_certified(table, options), snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d points", len(table))
