"""Compare ways of training: performance, robustness against attacks, and how they can be calibrated."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    from robustag.claims.closure import closure_sections
    from robustag.claims.robust_training import robust_training_page
    from robustag.evaluation.coverage import coverage
    from robustag.evaluation.frontier import performances, transports, uncertainties
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.evaluation.residuals import residuals, residuals_in_bins
    from robustag.files import read_table, write_csv, write_table, written_whole
    from robustag.mismodelling.sources import Source

    params, files, options = snakemake.params, snakemake.output, snakemake.params.options
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    nominal, models, discriminators = options["nominal"], options["models"], options["discriminators"]
    sources = {name: Source(**source) for name, source in params.sources.items()}
    compared, significance = (nominal, models), params.significance
    judged = *compared, discriminators, sources, significance
    calibrated = uncertainties(metrics, *judged, options["less"])
    measured = performances(
        *(metrics, *compared, discriminators, options["attacks"], options["epsilon"]),
        significance,
        options["within"],
    )
    seed = derive_seed(params.seed, "pseudo-data")
    closure = {
        "residuals": residuals(metrics, calibrated, *judged),
        "residual_bins": residuals_in_bins(
            read_table(snakemake.input.bins), calibrated, [nominal, *models], discriminators, sources
        ),
        "transport": transports(metrics, *compared, sources, significance),
        "coverage": coverage(metrics, calibrated, *judged, seed),
    }
    for name, table in {"uncertainties": calibrated, "performances": measured, **closure}.items():
        write_table(table, files[name])
        write_csv(table, files[f"{name}_csv"])
    with written_whole(files.page) as temporary:
        sections = closure_sections(*closure.values(), options)
        page = robust_training_page(calibrated, measured, params.study, options, params.seen, sections)
        temporary.write_text(page, encoding="utf-8")
    log.info("%d ways of training beside %s", len(models), nominal)
