"""Ways of training: performance against calibration uncertainty and against attacks."""

from collections.abc import Sequence
from itertools import cycle
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from robustag.attacks.labels import perturbation_label
from robustag.classes import CLASSES
from robustag.evaluation.differences import matching
from robustag.evaluation.frontier import RAW
from robustag.evaluation.scale_factors import TOTAL, flavour_of, shown_rates
from robustag.plotting.mismodelling.scale_factors import RATE_NAMES
from robustag.plotting.style import legend_below, stamp, styled, without_effect

_COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#882255", "#E69F00", "#44AA99", "#999933")
# One more than colours, so that no two of ninety look alike.
_MARKERS = "sD^vP<X>p*"


class Panel(NamedTuple):
    """What a panel has on its vertical axis: its name in the table, its label, its unit."""

    name: str
    label: str
    scale: float = 1.0


def frontier_panels(discriminators: Sequence[str], attacks: Sequence[str], epsilon: float) -> list[Panel]:
    """Uncertainties of the shown rates, then AUCs of the first discriminator under each attack."""
    rates = [
        Panel(
            f"{discriminator} {metric}",
            f"uncertainty of {discriminator}\n"
            f"{CLASSES[flavour_of(discriminator, metric)]} {RATE_NAMES[metric]} [%]",
            100.0,
        )
        for discriminator, metric in shown_rates(discriminators)
    ]
    first = discriminators[0]
    return rates + [
        Panel(
            f"{first} {attack}",
            rf"{first} AUC under {perturbation_label(attack)}" + "\n" + rf"$\varepsilon$ = {epsilon:g}",
        )
        for attack in attacks
    ]


def frontier_table(
    uncertainties: pd.DataFrame, performances: pd.DataFrame, nominal: str, discriminator: str, point: float
) -> pd.DataFrame:
    """Where each way of training stands, the nominal one first.

    Parameters
    ----------
    uncertainties, performances : DataFrame
        From `robustag.evaluation.frontier`.
    nominal : str
        What the others are compared with.
    discriminator : str
        Whose AUCs are shown.
    point : float
        Working point of the rates.

    Returns
    -------
    DataFrame
        Columns panel (as of `frontier_panels`), model; ``raw``, AUC on raw jets, and ``value``, each with its
        ``_error``: for all but the nominal one that of the difference to it. An uncertainty without any
        significant source is no number.
    """
    aucs = performances[performances["discriminator"] == discriminator]
    raw = aucs[aucs["perturbation"] == RAW].set_index("model")
    totals = uncertainties[matching(uncertainties, working_point=point, source=TOTAL)]
    parts = [
        aucs[aucs["perturbation"] != RAW].assign(
            panel=lambda rows: discriminator + " " + rows["perturbation"]
        ),
        totals.assign(panel=totals["discriminator"] + " " + totals["metric"]),
    ]
    rows = []
    for name, of_panel in pd.concat(parts).groupby("panel", sort=False):
        for _, row in of_panel.iterrows():
            own = raw.loc[row["model"]]
            if row["model"] == of_panel["model"].iloc[0]:
                rows.append(_row(str(name), nominal, own["nominal"], own["nominal_error"], row, "nominal"))
            rows.append(
                _row(str(name), row["model"], own["trained"], own["difference_error"], row, "trained")
            )
    return pd.DataFrame(rows)


def _row(panel: str, model: str, raw: float, raw_error: float, row: pd.Series, role: str) -> dict:
    if not row["resolved"]:
        return {"panel": panel, "model": model, "raw": raw, "raw_error": raw_error}
    error = row["nominal_error"] if role == "nominal" else row["difference_error"]
    return {
        "panel": panel,
        "model": model,
        "raw": raw,
        "raw_error": raw_error,
        "value": row[role],
        "value_error": error,
    }


@styled
def draw_frontier(table: pd.DataFrame, panels: Sequence[Panel], discriminator: str, sample: str) -> Figure:
    """A panel a rate and an attack; a marker a way of training, the nominal one black with its own error.

    The errors of the others are those of their differences to it, paired over events and trainings; the
    nominal one's, which all have in common, is a band.

    Parameters
    ----------
    table : DataFrame
        From `frontier_table`.
    panels : sequence of Panel
    discriminator : str
        Whose AUC stands on the horizontal axes.
    sample : str
        What was simulated.
    """
    models = list(dict.fromkeys(table["model"]))
    styles = dict(zip(models[1:], zip(cycle(_COLOURS), cycle(_MARKERS), strict=False), strict=False))
    looks = {models[0]: ("black", "o"), **styles}
    columns = 2
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(1.0 + 4.4 * columns, 2.0 + 3.4 * lines))
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.remove()
    for axes, panel in zip(grid, panels, strict=False):
        rows = table[table["panel"] == panel.name].set_index("model").loc[models]
        _draw_panel(axes, rows, looks, panel.scale)
        axes.set_xlabel(f"{discriminator} AUC, raw")
        axes.set_ylabel(panel.label)
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", label=model.replace("_", " "))
        for model, (colour, marker) in looks.items()
    ]
    legend_below(figure, handles, 3)
    stamp(grid[0], grid[min(columns, len(panels)) - 1], sample)
    return figure


def _draw_panel(axes: Axes, rows: pd.DataFrame, looks: dict[str, tuple[str, str]], scale: float) -> None:
    nominal = rows.iloc[0]
    if np.isnan(nominal["value"]):
        without_effect(axes)
        axes.set_yticks([])
        return
    low, high = (scale * (nominal["value"] + sign * nominal["value_error"]) for sign in (-1.0, 1.0))
    axes.axhspan(low, high, color="black", alpha=0.12, linewidth=0)
    axes.axhline(scale * nominal["value"], color="black", linewidth=0.8)
    for model, row in rows.iterrows():
        colour, marker = looks[str(model)]
        common = model == rows.index[0]
        axes.errorbar(
            *([row["raw"]], [scale * row["value"]]),
            xerr=None if common else [row["raw_error"]],
            yerr=None if common else [scale * row["value_error"]],
            color=colour,
            marker=marker,
            linestyle="none",
            linewidth=1.2,
        )
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.margins(0.12, 0.15)
