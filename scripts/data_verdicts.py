"""Say whether adversarially trained taggers agree better between data and simulation."""

import json

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.claims.data import data_document, data_page
    from robustag.evaluation.data_verdicts import AGREEMENT_COLUMNS, data_verdicts
    from robustag.files import read_table, write_csv, write_table, written_whole

    params, files, options = snakemake.params, snakemake.output, snakemake.params.options
    agreement = read_table(snakemake.input.agreement, AGREEMENT_COLUMNS)
    found = data_verdicts(agreement, options["pairs"], options["discriminators"], params.significance)
    write_table(found, files.table)
    write_csv(found, files.csv)
    page = data_page(found, agreement, params.study, params.samples, options["pairs"])
    document = data_document(found, agreement, params.study, params.samples)
    for path, text in ((files.page, page), (files.json, json.dumps(document, indent=1) + "\n")):
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    log.info("%s", found["verdict"].value_counts().to_dict())
