"""A page about one question: does adversarial training shrink the calibration uncertainty of a tagger?"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import pandas as pd

from robustag.claims.markdown import table
from robustag.evaluation.differences import matching
from robustag.evaluation.scale_factors import LARGER, SMALLER, TOTAL, rate_title, shown_rates
from robustag.evaluation.significance import ALIKE, UNKNOWN

_METHOD = """\
A scale factor is the rate in data over the rate in simulation at a fixed cut. Its relative uncertainty from
one source is the relative change of the rate, over all pT, for one standard deviation of the nuisance
parameter, as the configuration has it. The total is the quadratic sum over the sources whose effect on one of
the two models is significant; a source without stands in brackets. Statistical noise is taken away. Errors
are paired over events and trainings; what is significant, for the number of tests, stands in strong letters.

By pT, with the correlations between bins: `tables/scale_factor_bins.parquet` and
`tables/scale_factor_correlations.parquet`. For an analysis: `scale_factors.json` (correctionlib)."""
_ANSWERS = {
    SMALLER: "makes it smaller",
    LARGER: "makes it larger",
    ALIKE: "makes no significant difference",
    UNKNOWN: "may do anything: models were trained once",
}


def scale_factor_page(
    compared: pd.DataFrame, study: str, options: Mapping[str, Any], mistags: Sequence[float]
) -> str:
    """The page as Markdown.

    Parameters
    ----------
    compared : DataFrame
        From `robustag.evaluation.scale_factors.compare`.
    study : str
    options : mapping
        ``pairs`` and ``discriminators`` of the figures.
    mistags : sequence of float
        Working points; the tables are about the one in the middle.
    """
    points = sorted(mistags, reverse=True)
    rates = shown_rates(options["discriminators"])
    lines = [f"# Scale factors of study {study}", "", _METHOD]
    for pair in options["pairs"]:
        rows = compared[compared["pair"] == pair["label"]]
        point = points[len(points) // 2]
        chosen = rows[matching(rows, working_point=float(point))]
        lines += [
            "",
            f"## {pair['label']}: {pair['nominal']} and {pair['adversarial']}",
            "",
            f"At a mis-tag rate of {point:g}, what adversarial training does to the uncertainty:",
            "",
            *_answer(chosen, rates),
            "",
            *_sources(chosen, rates),
            "",
            "The total at every working point:",
            "",
            *_totals(rows, rates, points),
        ]
    return "\n".join(lines) + "\n"


def _answer(rows: pd.DataFrame, rates: Sequence[tuple[str, str]]) -> list[str]:
    """What adversarial training does to the total of every flavour, in words."""
    total = rows[rows["source"] == TOTAL].set_index(["discriminator", "metric"])
    lines = []
    for rate in rates:
        row = total.loc[rate]
        both = f"{_percent(row['nominal'])} % → {_percent(row['adversarial'])} %"
        found = f"adversarial training **{_ANSWERS[row['answer']]}** ({both})"
        lines.append(
            f"* {rate_title(*rate)}: {found if row['resolved'] else 'no source has a significant effect'}."
        )
    return lines


def _sources(rows: pd.DataFrame, rates: Sequence[tuple[str, str]]) -> list[str]:
    """Sources as rows, those with the largest effect first, flavours as columns."""
    cells = {(row["source"], row["discriminator"], row["metric"]): row for _, row in rows.iterrows()}
    names = [name for name in dict.fromkeys(rows["source"]) if name != TOTAL]

    def size(name: str) -> float:
        own = [cells[name, *rate] for rate in rates]
        return max((max(row["nominal"], row["adversarial"]) for row in own if row["resolved"]), default=-1.0)

    names.sort(key=size, reverse=True)
    body = [
        [name, *(text for rate in rates for text in _cell(cells[name, *rate]))] for name in [*names, TOTAL]
    ]
    return table(_header("source", rates), body, aligned=True)


def _totals(rows: pd.DataFrame, rates: Sequence[tuple[str, str]], points: Sequence[float]) -> list[str]:
    """Working points as rows, flavours as columns."""
    total = rows[rows["source"] == TOTAL]
    body = []
    for point in points:
        at = total[matching(total, working_point=float(point))].set_index(["discriminator", "metric"])
        body.append([f"{point:g}", *(text for rate in rates for text in _cell(at.loc[rate]))])
    return table(_header("mis-tag rate", rates), body, aligned=True)


def _header(first: str, rates: Sequence[tuple[str, str]]) -> list[str]:
    return [first, *(text for rate in rates for text in (f"{rate_title(*rate)} [%]", "difference [%]"))]


def _cell(row: pd.Series) -> tuple[str, str]:
    """Nominal → adversarial, and their difference with its error, in strong letters where significant."""
    if not isfinite(row["difference_error"]):
        return "-", "-"
    texts = (
        f"{_percent(row['nominal'])} → {_percent(row['adversarial'])}",
        f"{_percent(row['difference'], '+')} ± {_percent(row['difference_error'])}",
    )
    if not row["resolved"]:
        return f"({texts[0]})", f"({texts[1]})"
    return texts[0], f"**{texts[1]}**" if row["answer"] in (SMALLER, LARGER) else texts[1]


def _percent(share: float, sign: str = "") -> str:
    return f"{100 * share:{sign}.2f}"
