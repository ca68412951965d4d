"""Put the headline numbers and the verdicts on one page."""

import json
from pathlib import Path

from robustag.workflow import job

with job(snakemake) as log:
    import pandas as pd

    from robustag.claims.evidence import Settings
    from robustag.claims.headline import headline
    from robustag.files import written_whole
    from robustag.plotting.tables import METRIC_COLUMNS, read_columns

    metrics = read_columns(snakemake.input.metrics, METRIC_COLUMNS)
    numbers = headline(metrics, snakemake.params.pairs, Settings(**snakemake.params.settings))
    claims = json.loads(Path(snakemake.input.claims).read_text(encoding="utf-8"))["claims"]
    verdicts = [
        f"{claim['id']:4} "
        + "; ".join(f"{arm}: {judged['verdict']}" for arm, judged in claim["arms"].items())
        for claim in claims
    ]
    orders = pd.read_csv(snakemake.input.orders)
    failing = orders[~orders["holds"]]
    audited = [
        f"audit: {len(orders) - len(failing)} of {len(orders)} orders among attacks hold",
        *(
            f"  {model}: '{weaker}' outdoes '{stronger}' for {len(rows)} seeds and epsilons ({rule})"
            for (model, rule, weaker, stronger), rows in failing.groupby(
                ["model", "rule", "weaker", "stronger"], sort=False
            )
        ),
    ]
    with written_whole(snakemake.output.summary) as temporary:
        temporary.write_text("\n".join(["```", numbers, *verdicts, *audited, "```", ""]), encoding="utf-8")
