"""Sections of a page: what is left after a calibration, what it costs, and whether its uncertainty covers."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from robustag.claims.markdown import strong, table
from robustag.classes import CLASSES
from robustag.evaluation.coverage import EACH, EXPERIMENTS, EXPONENTIAL, LINEAR, NOTHING
from robustag.evaluation.differences import matching
from robustag.evaluation.residuals import ALIKE_SOURCE, BINNED, ITSELF, OTHER_SOURCE, WHOLE
from robustag.evaluation.scale_factors import TOTAL, rate_title, shown_rates
from robustag.evaluation.significance import ALIKE, UNKNOWN

_RESIDUALS = """\
One perturbation plays data: its scale factors are applied to simulation, and then another perturbation is
true. Root mean square of the relative bias that is left, over pairs of perturbations, for one standard
deviation of each source: of the nominal training → of this one, in per cent; before the calibration in square
brackets."""
_SPECTRUM = """\
The same in bins of pT, as mean over tagged jets: one scale factor for all jets, which is judged in every bin,
hence for jets of any spectrum; or a scale factor of every bin. Errors are those of counts and not paired; in
square brackets as measured, with noise."""
_TRANSPORT = """\
How far all outputs have to move: squared distance of optimal transport between nominal and varied jets of a
flavour, in Aitchison's geometry of the probabilities, in units of the variance of the outputs; the sum over
sources with a significant transport, for one standard deviation of each. Of the nominal training → of this
one, in per mille."""
_COVERAGE = f"""\
Of {EXPERIMENTS} pseudo-experiments, in which the nuisance of every source with a significant effect is drawn
from its prior, the share in which the true rate lies within one (two) of the claimed uncertainty; it should
be 68.3 % (95.4 %). In the truth the factors of the sources multiply; beside it the share if the truth were as
linear as the claim, and the one in which the claim does not know of one source of the truth, each in turn or
that which matters most. In strong letters: not as it should be (shares), or not as for the nominal training
(differences, in brackets)."""
_DERIVED = {ALIKE_SOURCE: "by the same source", OTHER_SOURCE: "by another source"}


def closure_sections(
    residuals: pd.DataFrame,
    in_bins: pd.DataFrame,
    transports: pd.DataFrame,
    coverage: pd.DataFrame,
    options: Mapping[str, Any],
) -> list[str]:
    """Lines of Markdown.

    Parameters
    ----------
    residuals, in_bins : DataFrame
        From `robustag.evaluation.residuals`.
    transports : DataFrame
        From `robustag.evaluation.frontier.transports`.
    coverage : DataFrame
        From `robustag.evaluation.coverage`.
    options : mapping
        ``nominal``, ``working_point`` and ``discriminators``.
    """
    rates = shown_rates(options["discriminators"])
    residuals, in_bins, coverage = (
        each[matching(each, working_point=float(options["working_point"]))]
        for each in (residuals, in_bins, coverage)
    )
    lines = []
    if len(residuals):
        lines += ["", "## Calibrated, then asked again", "", _RESIDUALS, "", *_left(residuals, rates)]
    if len(in_bins):
        lines += ["", _SPECTRUM, "", *_spectrum(in_bins, rates)]
    if len(transports):
        lines += ["", "## What the calibration moves", "", _TRANSPORT, "", *_moved(transports)]
    if len(coverage):
        lines += ["", "## Pseudo-data: is the uncertainty large enough?", "", _COVERAGE]
    for rate in rates:
        of_rate = coverage[matching(coverage, discriminator=rate[0], metric=rate[1])]
        if len(of_rate):
            lines += ["", f"### {rate_title(*rate)}", "", *_covered(of_rate)]
    return lines


def _left(residuals: pd.DataFrame, rates: Sequence[tuple[str, str]]) -> list[str]:
    columns = [(rate, derived) for rate in rates for derived in (ALIKE_SOURCE, OTHER_SOURCE)]
    found = residuals.set_index(["model", "discriminator", "metric", "derived"])
    columns = [(rate, derived) for rate, derived in columns if (*rate, derived) in found.droplevel(0).index]
    body = [
        [
            model,
            *(
                f"{_before(row)} {_change(row, 100.0)}"
                for row in (found.loc[(model, *rate, derived)] for rate, derived in columns)
            ),
        ]
        for model in dict.fromkeys(residuals["model"])
    ]
    header = ["model", *(f"{rate_title(*rate)}, {_DERIVED[derived]}" for rate, derived in columns)]
    return table(header, body, aligned=True)


def _before(row: pd.Series) -> str:
    return f"[{100 * row['nominal_before']:.2f} → {100 * row['trained_before']:.2f}]"


def _spectrum(in_bins: pd.DataFrame, rates: Sequence[tuple[str, str]]) -> list[str]:
    asked = {
        (ITSELF, WHOLE): "one factor, by itself",
        (ALIKE_SOURCE, WHOLE): "one factor, by the same source",
        (ALIKE_SOURCE, BINNED): "factors of bins, by the same source",
    }
    together = in_bins[in_bins["bin_low"].isna()]
    body = []
    for rate in rates:
        of_rate = together[matching(together, discriminator=rate[0], metric=rate[1])]
        for model, rows in of_rate.groupby("model", sort=False):
            cells = rows.set_index(["derived", "factors"])
            numbers = [_number(cells.loc[key]) if key in cells.index else "" for key in asked]
            before = 100 * cells.loc[(ITSELF, WHOLE), "before"]
            body.append([rate_title(*rate), str(model), f"{before:.2f}", *numbers])
    return table(["rate [%]", "model", "uncalibrated", *asked.values()], body, aligned=True)


def _number(row: pd.Series) -> str:
    return f"{100 * row['residual']:.2f} ± {100 * row['error']:.2f} [{100 * row['measured']:.2f}]"


def _moved(transports: pd.DataFrame) -> list[str]:
    found = transports[transports["source"] == TOTAL].set_index(["model", "flavour"])
    flavours = [flavour for flavour in CLASSES if flavour in found.index.get_level_values("flavour")]
    body = [
        [model, *(_change(found.loc[(model, flavour)], 1000.0) for flavour in flavours)]
        for model in dict.fromkeys(transports["model"])
    ]
    return table(["model", *(f"{flavour} jets" for flavour in flavours)], body, aligned=True)


def _change(row: pd.Series, unit: float) -> str:
    """Nominal to trained, and what is gained."""
    gain = f"{unit * row['difference']:+.2f} ± {unit * row['difference_error']:.2f}"
    told = strong(gain, row["answer"] not in (ALIKE, UNKNOWN))
    return f"{unit * row['nominal']:.2f} → {unit * row['trained']:.2f} ({told})"


def _covered(coverage: pd.DataFrame) -> list[str]:
    found = coverage.set_index(["model", "truth", "held_back"])
    models = list(dict.fromkeys(coverage["model"]))
    nominal = coverage[matching(coverage, model=models[0], truth=EXPONENTIAL)].set_index("held_back")
    largest = nominal["coverage"].drop([NOTHING, EACH]).idxmin()
    asked = {
        "linear truth": (LINEAR, NOTHING),
        "one source not known": (EXPONENTIAL, EACH),
        f"{largest} not known": (EXPONENTIAL, largest),
    }
    body = []
    for model in models:
        own = found.loc[(model, EXPONENTIAL, NOTHING)]
        body.append(
            [
                model,
                f"{100 * own['claimed']:.2f} ± {100 * own['claimed_error']:.2f}",
                _share(own, models[0]),
                f"{100 * own['coverage_two']:.1f} ± {100 * own['coverage_two_error']:.1f}",
                f"{own['pull_width']:.2f} ± {own['pull_width_error']:.2f}",
                *(_share(found.loc[(model, *key)], models[0]) for key in asked.values()),
            ]
        )
    header = ["model", "claimed [%]", "within one [%]", "within two [%]", "width of pulls"]
    boldest = min(models, key=lambda model: found.loc[(model, EXPONENTIAL, NOTHING), "claimed"])
    known, unknown = (found.loc[(boldest, EXPONENTIAL, held), "answer"] for held in (NOTHING, EACH))
    return [
        *table([*header, *(f"{name}, within one [%]" for name in asked)], body, aligned=True),
        "",
        f"The smallest uncertainty is claimed by {boldest}. Of one standard deviation of it the tests say: "
        f"**{known}**; with a source not known: **{unknown}**.",
    ]


def _share(row: pd.Series, nominal: str) -> str:
    """A coverage, and what it is beside that of the nominal training."""
    share = f"{100 * row['coverage']:.1f} ± {100 * row['coverage_error']:.1f}"
    text = strong(share, row["answer"] not in (ALIKE, UNKNOWN))
    if row.name[0] == nominal:
        return text
    difference = f"{100 * row['difference']:+.1f} ± {100 * row['difference_error']:.1f}"
    return f"{text} ({strong(difference, row['against_nominal'] not in (ALIKE, UNKNOWN))})"
