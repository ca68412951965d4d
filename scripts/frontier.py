"""Compare ways of training: performance, calibration uncertainty, robustness against attacks."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.claims.robust_training import robust_training_page
    from robustag.evaluation.frontier import performances, uncertainties
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.files import read_table, write_csv, write_table, written_whole
    from robustag.mismodelling.sources import Source

    params, files, options = snakemake.params, snakemake.output, snakemake.params.options
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    asked = metrics, options["nominal"], options["models"], options["discriminators"]
    sources = {name: Source(**source) for name, source in params.sources.items()}
    calibrated = uncertainties(*asked, sources, params.significance, options["less"])
    measured = performances(
        *asked, options["attacks"], options["epsilon"], params.significance, options["within"]
    )
    for table, path, csv in (
        (calibrated, files.uncertainties, files.uncertainties_csv),
        (measured, files.performances, files.performances_csv),
    ):
        write_table(table, path)
        write_csv(table, csv)
    with written_whole(files.page) as temporary:
        page = robust_training_page(calibrated, measured, params.study, options, params.seen)
        temporary.write_text(page, encoding="utf-8")
    log.info("%d ways of training beside %s", len(options["models"]), options["nominal"])
