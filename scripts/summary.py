"""Put what a study found on one page."""

import json
from pathlib import Path

from robustag.workflow import job

with job(snakemake) as log:
    import pandas as pd

    from robustag.claims.markdown import to_html
    from robustag.claims.settings import Settings
    from robustag.claims.summary import Outcome, summarise
    from robustag.files import read_table, written_whole
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    files, params = snakemake.input, snakemake.params
    outcome = Outcome(
        study=params.study,
        claims=json.loads(Path(files.claims).read_text(encoding="utf-8")),
        metrics=read_columns(files.metrics, METRIC_COLUMNS),
        pareto=read_columns(files.pareto, METRIC_COLUMNS),
        mismodelling=pd.read_csv(files.mismodelling),
        certificates=read_table(files.certificates[0]) if files.certificates else None,
    )
    page = summarise(outcome, params.pairs, Settings(**params.settings))
    for path, text in ((snakemake.output.summary, page), (snakemake.output.page, to_html(page))):
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    log.info("%d claims on one page", len(outcome.claims["claims"]))
