"""Compare ways of training: performance, robustness against attacks, and how they can be calibrated."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    from robustag.claims.closure import closure_sections
    from robustag.claims.pseudo_data import pseudo_data_sections
    from robustag.claims.robust_training import robust_training_page
    from robustag.evaluation.coverage import coverage
    from robustag.evaluation.data_verdicts import AGREEMENT_COLUMNS
    from robustag.evaluation.frontier import performances, transports, uncertainties
    from robustag.evaluation.pseudo_data import agreements, calibrated
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
    claimed = uncertainties(metrics, *judged, options["less"])
    measured = performances(
        *(metrics, *compared, discriminators, options["attacks"], options["epsilon"]),
        significance,
        options["within"],
    )
    seed = derive_seed(params.seed, "pseudo-data")
    closure = {
        "residuals": residuals(metrics, claimed, *judged),
        "residual_bins": residuals_in_bins(
            read_table(snakemake.input.bins), claimed, [nominal, *models], discriminators, sources
        ),
        "transport": transports(metrics, *compared, sources, significance),
        "coverage": coverage(metrics, claimed, *judged, seed),
    }
    pseudo_data = {}
    if snakemake.input.rates:
        rates = read_table(snakemake.input.rates[0], METRIC_COLUMNS)
        agreement = read_table(snakemake.input.agreement[0], AGREEMENT_COLUMNS)
        pseudo_data = {
            "pseudo_data": calibrated(rates, metrics, claimed, *judged),
            "agreement": agreements(agreement, *compared, discriminators, significance),
        }
    for name, table in {"uncertainties": claimed, "performances": measured, **closure, **pseudo_data}.items():
        write_table(table, files[name])
        write_csv(table, files[f"{name}_csv"])
    with written_whole(files.page) as temporary:
        sections = closure_sections(*closure.values(), options)
        if pseudo_data:
            sections += pseudo_data_sections(*pseudo_data.values(), agreement, options)
        page = robust_training_page(claimed, measured, params.study, options, params.seen, sections)
        temporary.write_text(page, encoding="utf-8")
    log.info("%d ways of training beside %s", len(models), nominal)
