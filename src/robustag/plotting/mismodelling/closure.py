"""Ways of training once they are calibrated: what bias is left, and whether the uncertainty covers it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from robustag.evaluation import PSEUDO_DATA
from robustag.evaluation.coverage import CONTENTS, EACH, EXPONENTIAL, LINEAR, NOTHING
from robustag.evaluation.differences import matching
from robustag.evaluation.residuals import ALIKE_SOURCE, OTHER_SOURCE
from robustag.evaluation.scale_factors import of_rates, rate_title, shown_rates
from robustag.plotting.style import legend_below, stamp, styled, without_effect

BIAS, COVERED, PULL = "bias", "coverage", "pull"
#: Panel to what it shows: label, colour, marker.
_LOOKS = {
    BIAS: {
        ALIKE_SOURCE: ("calibrated by the same source", "#0072B2", "s"),
        OTHER_SOURCE: ("calibrated by another source", "#D55E00", "D"),
    },
    COVERED: {
        NOTHING: ("all sources known", "#009E73", "^"),
        LINEAR: ("the same, linear truth", "#CC79A7", "v"),
        EACH: ("one source not known", "#882255", "X"),
    },
    PULL: {PSEUDO_DATA: ("held-back mixture as data", "#E69F00", "o")},
}


def closure_table(
    residuals: pd.DataFrame,
    coverage: pd.DataFrame,
    pseudo_data: pd.DataFrame | None,
    nominal: str,
    discriminators: Sequence[str],
    point: float,
) -> pd.DataFrame:
    """What each way of training has left after a calibration, and how often its uncertainty covers.

    Parameters
    ----------
    residuals : DataFrame
        From `robustag.evaluation.residuals.residuals`.
    coverage : DataFrame
        From `robustag.evaluation.coverage`.
    pseudo_data : DataFrame or None
        From `robustag.evaluation.pseudo_data.calibrated`, where a study has pseudo-data.
    nominal : str
    discriminators : sequence of str
        The rates are those of `shown_rates`.
    point : float
        Working point of the rates.

    Returns
    -------
    DataFrame
        Columns discriminator, metric, model, panel (`BIAS`, `COVERED` or `PULL`), ``shown``, and ``value``
        with its ``error``, and the bias ``before`` the calibration: in per cent, pulls in claimed sigma.
    """
    parts = []
    residuals, coverage = (each[matching(each, working_point=point)] for each in (residuals, coverage))
    for role, rows in (
        ("nominal", residuals.drop_duplicates(["discriminator", "metric", "derived"]).assign(model=nominal)),
        ("trained", residuals),
    ):
        values = rows[role], rows[f"{role}_error"], rows[f"{role}_before"]
        parts.append(_values(rows, BIAS, rows["derived"], *values))
    for truth, held_back, shown in (
        (EXPONENTIAL, NOTHING, NOTHING),
        (LINEAR, NOTHING, LINEAR),
        (EXPONENTIAL, EACH, EACH),
    ):
        rows = coverage[matching(coverage, truth=truth, held_back=held_back)]
        parts.append(_values(rows, COVERED, shown, rows["coverage"], rows["coverage_error"]))
    if pseudo_data is not None:
        rows = pseudo_data[matching(pseudo_data, working_point=point)]
        parts.append(_values(rows, PULL, PSEUDO_DATA, rows["pull"] / 100.0, rows["pull_error"] / 100.0))
    table = pd.concat(parts, ignore_index=True)
    return of_rates(table, shown_rates(discriminators)).reset_index(drop=True)


def _values(
    rows: pd.DataFrame,
    panel: str,
    shown: str | pd.Series,
    value: pd.Series,
    error: pd.Series,
    before: pd.Series | float = np.nan,
) -> pd.DataFrame:
    named = rows[["discriminator", "metric", "model"]].assign(panel=panel, shown=shown)
    return named.assign(value=100.0 * value, error=100.0 * error, before=100.0 * before)


@styled
def draw_closure(
    table: pd.DataFrame, models: Sequence[str], discriminators: Sequence[str], sample: str
) -> Figure:
    """A column a rate, a row a way of training: biases, coverages beside what they should be, and pulls.

    Open markers are biases over the same pairs of perturbations without a calibration.

    Parameters
    ----------
    table : DataFrame
        From `closure_table`.
    models : sequence of str
        The nominal one first.
    discriminators : sequence of str
    sample : str
        What was simulated.
    """
    rates = shown_rates(discriminators)
    panels = {panel: looks for panel, looks in _LOOKS.items() if panel != PULL or PULL in set(table["panel"])}
    figure = Figure(figsize=(2.2 + 3.9 * len(rates), 3.0 + 0.65 * len(panels) * len(models)))
    grid = figure.subplots(len(panels), len(rates), sharey=True, squeeze=False)
    for line, (panel, looks) in zip(grid, panels.items(), strict=True):
        for axes, rate in zip(line, rates, strict=True):
            rows = table[matching(table, discriminator=rate[0], metric=rate[1], panel=panel)]
            _draw_panel(axes, rows, models, looks)
    for biases, coverages, *pulls, rate in zip(*grid, rates, strict=True):
        biases.set_xlabel(f"bias of {rate_title(*rate)} [%]")
        coverages.set_xlabel("within one claimed sigma [%]")
        coverages.axvline(100.0 * CONTENTS[0], color="black", linewidth=0.8, zorder=0)
        biases.set_xlim(left=0.0)
        for axes in pulls:
            axes.set_xlabel("pull of pseudo-data")
            axes.axvspan(-1.0, 1.0, color="#DDDDDD", zorder=0)
    for axes in grid[:, 0]:
        axes.set_yticks(range(len(models)), labels=[name.replace("_", " ") for name in models], fontsize=11)
        axes.set_ylim(len(models) - 0.5, -0.5)
    handles = [
        Line2D(
            [], [], color="#777777", marker="o", fillstyle="none", linestyle="none", label="not calibrated"
        ),
        *(
            Line2D([], [], color=colour, marker=marker, linestyle="none", label=label)
            for looks in panels.values()
            for label, colour, marker in looks.values()
        ),
    ]
    legend_below(figure, handles, 3)
    stamp(grid[0, 0], grid[0, -1], sample)
    return figure


def _draw_panel(
    axes: Axes, rows: pd.DataFrame, models: Sequence[str], looks: dict[str, tuple[str, str, str]]
) -> None:
    axes.yaxis.set_minor_locator(NullLocator())
    if not rows["value"].notna().any():
        without_effect(axes)
        return
    for place, (shown, (_, colour, marker)) in enumerate(looks.items()):
        own = rows[rows["shown"] == shown].set_index("model").reindex(models)
        line = np.arange(len(models)) + 0.22 * (place - 0.5 * (len(looks) - 1))
        axes.errorbar(
            *(own["value"], line),
            xerr=own["error"],
            color=colour,
            marker=marker,
            linestyle="none",
            linewidth=1.2,
        )
        axes.plot(own["before"], line, color=colour, marker=marker, fillstyle="none", linestyle="none")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.margins(x=0.08)
