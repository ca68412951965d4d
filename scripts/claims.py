"""Test the published claims on the collected tables."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.claims.document import to_json
    from robustag.claims.evidence import read_tables
    from robustag.claims.judge import judge_claims
    from robustag.claims.markdown import to_html
    from robustag.claims.masking import masking_flags
    from robustag.claims.report import to_markdown
    from robustag.claims.settings import Settings
    from robustag.files import read_table, written_whole

    params = snakemake.params
    settings = Settings(**params.settings)
    tables = read_tables({name: snakemake.input[name] for name in params.tables})
    judgements = judge_claims(tables, params.pairs, settings)
    models = list(dict.fromkeys(model for judgement in judgements for model in judgement.models))
    flags = masking_flags(models, tables, read_table(snakemake.input.orders), settings)
    report = to_markdown(judgements, flags, settings)
    for path, text in (
        (snakemake.output.json, to_json(judgements, flags, settings)),
        (snakemake.output.report, report),
        (snakemake.output.page, to_html(report)),
    ):
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    for judgement in judgements:
        log.info("%s, %s arm: %s", judgement.claim.id, judgement.arm, judgement.verdict)
