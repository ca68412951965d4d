"""Write the tagging rates of the compared models with an envelope over mismodellings, for correctionlib."""

import json

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.envelope import correction_set, envelope
    from robustag.files import read_table, write_table, written_whole

    options = snakemake.params.options
    models = [pair[role] for pair in options["pairs"] for role in ("nominal", "adversarial")]
    table = envelope(read_table(snakemake.input.bins), models, options["discriminators"])
    write_table(table, snakemake.output.table)
    with written_whole(snakemake.output.json) as temporary:
        temporary.write_text(json.dumps(correction_set(table, snakemake.params.study)))
    log.info("%d numbers", len(table))
