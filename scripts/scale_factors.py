"""Measure how well each tagger can be calibrated, and whether adversarial training helps."""

import json

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.claims.scale_factors import scale_factor_page
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.evaluation.scale_factors import compare, correction_set, correlations, in_bins
    from robustag.files import read_table, write_csv, write_table, written_whole
    from robustag.mismodelling.sources import Source

    params, files = snakemake.params, snakemake.output
    pairs = params.options["pairs"]
    sources = {name: Source(**source) for name, source in params.sources.items()}
    metrics = read_table(snakemake.input.metrics, METRIC_COLUMNS)
    table = compare(metrics, pairs, params.options["discriminators"], sources, params.significance)
    binned = in_bins(read_table(snakemake.input.bins), table, pairs, sources)
    write_table(table, files.table)
    write_csv(table, files.csv)
    write_table(binned, files.bins)
    write_table(correlations(binned), files.correlations)
    page = scale_factor_page(table, params.study, params.options, params.mistags)
    for path, text in ((files.page, page), (files.json, json.dumps(correction_set(binned, params.study)))):
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    log.info("%s", table[table["source"] == "total"]["answer"].value_counts().to_dict())
