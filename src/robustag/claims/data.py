"""A page about one question: do data and simulation agree better for an adversarially trained tagger?"""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import pandas as pd

from robustag.claims.markdown import table
from robustag.evaluation.data_verdicts import BETTER, WORSE, all_bins, excess
from robustag.evaluation.significance import ALIKE, UNKNOWN

_METHOD = """\
Simulation is scaled to the number of data jets in every bin of pT; its mixture of flavours stays as it is.
What is compared are mixtures: a wrong fraction of a flavour counts as a difference like a wrong shape.
Numbers are Jensen-Shannon divergences in 10^-3 nats over 51 cells (50 bins, and one for jets without a value
in range), above the floor that two samples of one distribution have on average. Both models see the same
jets, so the error of their difference is paired, over events and trainings; significance is corrected for the
number of discriminators (Holm). BvC and CvB are mirror images and have the same divergence."""
_ANSWERS = {
    BETTER: "**agrees better** than the nominal one",
    WORSE: "**agrees worse** than the nominal one",
    ALIKE: "shows **no significant difference** to the nominal one",
    UNKNOWN: "may agree better or worse: models were trained once",
}


def data_page(
    verdicts: pd.DataFrame,
    agreement: pd.DataFrame,
    study: str,
    samples: Sequence[str],
    pairs: Sequence[Mapping[str, str]],
) -> str:
    """The page as Markdown.

    Parameters
    ----------
    verdicts : DataFrame
        From `robustag.evaluation.data_verdicts.data_verdicts`.
    agreement : DataFrame
        The collected table, for the inputs.
    study : str
    samples : sequence of str
        Those of data.
    pairs : sequence of mapping
        label, nominal and adversarial.
    """
    whole = verdicts[all_bins(verdicts)]
    jets = f"{whole['data'].iloc[0]:.0f} jets of data ({', '.join(samples)})"
    effective = f"as good as {whole['simulation'].iloc[0]:.0f} simulated ones without weights"
    lines = [
        f"# Data against simulation in study {study}",
        "",
        _METHOD,
        "",
        f"There are {jets}; simulation is {effective}.",
    ]
    if inputs := input_table(agreement):
        lines += ["", "## Inputs", "", *inputs]
    for pair in pairs:
        rows = verdicts[verdicts["pair"] == pair["label"]]
        lines += [
            "",
            f"## {pair['label']}: {pair['nominal']} and {pair['adversarial']}",
            "",
            *answers(rows),
            "",
            "Over all pT:",
            "",
            *_numbers(rows[all_bins(rows)]),
        ]
        if not all_bins(rows).all():
            lines += ["", "In bins of pT, one family of tests:", "", *_numbers(rows[~all_bins(rows)])]
    return "\n".join(lines) + "\n"


def answers(verdicts: pd.DataFrame) -> list[str]:
    """What adversarial training does to the agreement over all pT, one item of a list a discriminator."""
    return [
        f"* {row['discriminator']}: the adversarially trained tagger {_ANSWERS[row['verdict']]} "
        f"(difference {_with_error(row, 'difference')} · 10^-3 nats)."
        for _, row in verdicts[all_bins(verdicts)].iterrows()
    ]


def summary_lines(verdicts: pd.DataFrame) -> list[str]:
    """The verdicts in short, a line of a list for each pair."""
    whole = verdicts[all_bins(verdicts)]
    lines = []
    for pair, rows in whole.groupby("pair", sort=False):
        words = (f"{row['discriminator']} {row['verdict']}" for _, row in rows.iterrows())
        lines.append(f"* {pair}, adversarial beside nominal: {', '.join(words)}.")
    return [*lines, "", "With numbers, errors and bins of pT: data.md."]


def data_document(
    verdicts: pd.DataFrame, agreement: pd.DataFrame, study: str, samples: Sequence[str]
) -> dict[str, Any]:
    """The same for machines: ``study``, ``samples``, ``verdicts`` and ``inputs``, rows of the tables.

    Numbers that do not exist are null; divergences are in nats.
    """
    inputs = _of_inputs(agreement).drop(columns=["model", "seed", "replicates"])
    rows = (json.loads(part.to_json(orient="records", double_precision=12)) for part in (verdicts, inputs))
    return {"study": study, "samples": list(samples), **dict(zip(("verdicts", "inputs"), rows, strict=True))}


def _of_inputs(agreement: pd.DataFrame) -> pd.DataFrame:
    """Rows that no model makes."""
    return agreement[agreement["model"] == ""]


def input_table(agreement: pd.DataFrame) -> list[str]:
    """Agreement of every input over all pT, lines of a table; nothing where a study has none."""
    rows = _of_inputs(agreement)
    if rows.empty:
        return []
    body = []
    for _, row in rows[all_bins(rows)].iterrows():
        above = excess(rows, "", row["quantity"], row["bin_low"], row["bin_high"])
        body.append(
            [
                row["quantity"],
                size(above.mean, above.total),
                f"{1000 * row['floor']:.2f}",
                f"{row['chi2'] / max(row['ndf'], 1):.2f} ({row['ndf']:.0f})",
            ]
        )
    header = ["input", "divergence above floor", "floor", "chi2/ndf (ndf)"]
    return table(header, body, aligned=True)


def _numbers(rows: pd.DataFrame) -> list[str]:
    body = [
        [
            row["discriminator"],
            f"{row['bin_low']:g}-{row['bin_high']:g}",
            f"{row['data']:.0f}",
            _with_error(row, "nominal"),
            _with_error(row, "adversarial"),
            _with_error(row, "difference"),
            f"{row['nominal_chi2']:.2f} → {row['adversarial_chi2']:.2f}",
            row["verdict"],
        ]
        for _, row in rows.iterrows()
    ]
    header = ["discriminator", "pT [GeV]", "data jets", "nominal", "adversarial", "difference"]
    return table([*header, "chi2/ndf", "adversarial"], body, aligned=True)


def _with_error(row: pd.Series, name: str) -> str:
    return size(row[name], row[f"{name}_error"])


def size(value: float, error: float) -> str:
    """A divergence with its error in 10^-3 nats; a dash without one."""
    return f"{1000 * value:.2f} ± {1000 * error:.2f}" if isfinite(error) else "-"
