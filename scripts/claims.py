"""Test the published claims on the collected tables."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.claims.evidence import Settings
    from robustag.claims.geometry import GEOMETRY_COLUMNS, PLANE_COLUMNS
    from robustag.claims.judge import judge_claims
    from robustag.claims.report import to_json, to_markdown
    from robustag.files import written_whole
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    settings = Settings(**snakemake.params.settings)
    judgements = judge_claims(
        read_columns(snakemake.input.metrics, METRIC_COLUMNS),
        read_columns(snakemake.input.geometry, GEOMETRY_COLUMNS),
        read_columns(snakemake.input.planes, PLANE_COLUMNS),
        snakemake.params.pairs,
        settings,
    )
    for path, text in (
        (snakemake.output.json, to_json(judgements, settings)),
        (snakemake.output.report, to_markdown(judgements, settings)),
    ):
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    for judgement in judgements:
        log.info("%s, %s arm: %s", judgement.claim.id, judgement.arm, judgement.verdict)
