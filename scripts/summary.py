"""Put what a study found on one page."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.claims.document import read_verdicts
    from robustag.claims.markdown import to_html
    from robustag.claims.settings import Settings
    from robustag.claims.summary import Outcome, summary_page
    from robustag.evaluation.reading import METRIC_COLUMNS
    from robustag.files import read_table, written_whole

    files, params = snakemake.input, snakemake.params
    outcome = Outcome(
        study=params.study,
        claims=read_verdicts(files.claims),
        metrics=read_table(files.metrics, [*METRIC_COLUMNS, "n"]),
        pareto=read_table(files.pareto[0], METRIC_COLUMNS) if files.pareto else None,
        mismodelling=read_table(files.mismodelling),
        certificates=read_table(files.certificates[0]) if files.certificates else None,
        rates=read_table(files.certified_rates[0]) if files.certified_rates else None,
        data=read_table(files.data) if files.data else None,
        sizes=read_table(files.sizes),
        audit=read_table(files.audit),
        left_out=params.left_out,
        weights=params.weights,
        inventory=read_table(files.inventory),
    )
    page = summary_page(outcome, params.pairs, Settings(**params.settings))
    for path, text in ((snakemake.output.summary, page), (snakemake.output.page, to_html(page))):
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    log.info("%d claims on one page", len(outcome.claims["claims"]))
