"""A page about one question: which way of training makes a tagger that is easier to calibrate?"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from robustag.claims.markdown import strong, table
from robustag.claims.verdict import NOT_TESTABLE, WITHIN_ERROR
from robustag.evaluation.differences import matching
from robustag.evaluation.frontier import BETTER, RAW, WORSE
from robustag.evaluation.scale_factors import LARGER, SMALLER, TOTAL, rate_title, shown_rates
from robustag.evaluation.significance import UNKNOWN

_METHOD = """\
The uncertainty of a scale factor is that of `scale_factors.md`: the relative change of a rate at a fixed cut
for one standard deviation of each nuisance, added in quadrature over the sources whose effect on any of the
models is significant. Everything stands on the same jets and trainings, with paired errors; all ways of
training are one family of tests. What is significant stands in strong letters."""
YES, NO = "yes", "no"


def robust_training_page(
    uncertainties: pd.DataFrame,
    performances: pd.DataFrame,
    study: str,
    options: Mapping[str, Any],
    seen: Mapping[str, Sequence[str]],
    closure: Sequence[str] = (),
) -> str:
    """The page as Markdown.

    Parameters
    ----------
    uncertainties, performances : DataFrame
        From `robustag.evaluation.frontier`.
    study : str
    options : mapping
        ``nominal``, ``working_point``, ``less`` and ``within`` of the comparison, ``discriminators``.
    seen : mapping of str to sequence of str
        Model to the sources that its training has seen; for those that see variations.
    closure : sequence of str
        The sections of `robustag.claims.closure`, which follow.
    """
    rates = shown_rates(options["discriminators"])
    found = uncertainties[matching(uncertainties, working_point=float(options["working_point"]))]
    lines = [f"# Robust training in study {study}", "", _METHOD, "", "## C18: calibration made easier", ""]
    lines += [
        "*Some way of training lowers the calibration uncertainty by at least "
        f"{100 * options['less']:g} % at unchanged performance*: at a mis-tag rate of "
        f"{options['working_point']:g}, while no AUC on raw jets falls by more than "
        f"{options['within']:g}. It is true of a rate if both are "
        "significant for one of the ways, corrected for their number.",
        "",
    ]
    for rate in rates:
        verdict, models = judged(found, performances, rate)
        named = f" by {', '.join(models)}" if models else ""
        lines.append(f"* {rate_title(*rate)}: **{verdict}**{named}.")
    lines += [
        "",
        "## What each way of training gives",
        "",
        f"Beside {options['nominal']}; AUCs and uncertainties with their differences.",
        "",
    ]
    lines += _overview(found, performances, rates)
    for rate in rates:
        lines += ["", f"## By source: {rate_title(*rate)}", "", *_by_source(found, rate, seen)]
    return "\n".join([*lines, *closure]) + "\n"


def judged(
    uncertainties: pd.DataFrame, performances: pd.DataFrame, rate: tuple[str, str]
) -> tuple[str, list[str]]:
    """Verdict of C18 for one rate, and the ways of training that make it true.

    Parameters
    ----------
    uncertainties, performances : DataFrame
        From `robustag.evaluation.frontier`, the former at one working point.
    rate : tuple of str
        Discriminator and metric.
    """
    totals = uncertainties[matching(uncertainties, discriminator=rate[0], metric=rate[1], source=TOTAL)]
    worth = totals.set_index("model")["worth"]
    raw = performances[(performances["perturbation"] == RAW)]
    preserved = raw.groupby("model")["preserved"]
    kept = preserved.apply(lambda answers: (answers == BETTER).all())
    lost = preserved.apply(lambda answers: (answers == WORSE).any())
    if not totals["resolved"].any() or (worth == UNKNOWN).all():
        return NOT_TESTABLE, []
    ways = [model for model in worth.index if worth[model] == SMALLER and kept[model]]
    if ways:
        return YES, ways
    out = all(worth[model] == LARGER or lost[model] for model in worth.index)
    return (NO if out else WITHIN_ERROR), []


def _overview(found: pd.DataFrame, performances: pd.DataFrame, rates: Sequence[tuple[str, str]]) -> list[str]:
    columns = list(
        dict.fromkeys(zip(performances["discriminator"], performances["perturbation"], strict=True))
    )
    aucs = {
        (row["model"], row["discriminator"], row["perturbation"]): row for _, row in performances.iterrows()
    }
    totals = {
        (row["model"], row["discriminator"], row["metric"]): row
        for _, row in found[found["source"] == TOTAL].iterrows()
    }
    body = []
    for model in dict.fromkeys(performances["model"]):
        cells = [_auc(aucs[model, *column]) for column in columns]
        cells += [_uncertainty(totals[model, *rate]) for rate in rates]
        body.append([model, *cells])
    header = [
        "model",
        *(f"{discriminator} AUC, {'raw' if name == RAW else name}" for discriminator, name in columns),
        *(f"uncertainty of {rate_title(*rate)} [%]" for rate in rates),
    ]
    return table(header, body, aligned=True)


def _by_source(found: pd.DataFrame, rate: tuple[str, str], seen: Mapping[str, Sequence[str]]) -> list[str]:
    """Sources as rows, models as columns; an asterisk where the training has seen the source."""
    rows = found[matching(found, discriminator=rate[0], metric=rate[1])]
    models = list(dict.fromkeys(rows["model"]))
    cells = {(row["source"], row["model"]): row for _, row in rows.iterrows()}
    sources = [name for name in dict.fromkeys(rows["source"]) if name != TOTAL]
    sources.sort(key=lambda name: -max(float(cells[name, model]["nominal"]) for model in models))
    body = [
        [name, *(_uncertainty(cells[name, model], name in seen.get(model, ())) for model in models)]
        for name in [*sources, TOTAL]
    ]
    lines = table(["source [%]", *models], body, aligned=True)
    return [*lines, "", "With an asterisk: the training has seen variations of this source."]


def _auc(row: pd.Series) -> str:
    change = f"{row['difference']:+.4f} ± {row['difference_error']:.4f}"
    return f"{row['trained']:.4f} ({strong(change, row['answer'] in (BETTER, WORSE))})"


def _uncertainty(row: pd.Series, seen: bool = False) -> str:
    """Nominal to trained and what is gained, in per cent; in brackets what no source has a hand in."""
    change = f"{100 * row['difference']:+.2f} ± {100 * row['difference_error']:.2f}"
    text = f"{100 * row['nominal']:.2f} → {100 * row['trained']:.2f}"
    if not row["resolved"]:
        return f"({text}){'*' if seen else ''}"
    return f"{text} ({strong(change, row['answer'] in (SMALLER, LARGER))}){'*' if seen else ''}"
