"""Calibration uncertainties of nominal and adversarial trainings, in total and by source."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from robustag.classes import CLASSES
from robustag.evaluation.differences import matching
from robustag.evaluation.scale_factors import TOTAL, flavour_of, shown_rates
from robustag.plotting.options import Pair
from robustag.plotting.style import ROLES, Model, arm_models, legend_below, model_handles, stamp, styled

_SOURCES = 6
#: Of the rates on an axis.
RATE_NAMES = {"fixed_cut_efficiency": "efficiency", "fixed_cut_mistag": "mis-tag rate"}


def scale_factor_table(compared: pd.DataFrame, pair: Pair, discriminators: Sequence[str]) -> pd.DataFrame:
    """What the figure of a pair shows.

    Parameters
    ----------
    compared : DataFrame
        From `robustag.evaluation.scale_factors.compare`.
    pair : Pair
    discriminators : sequence of str
        Those of the study; the rates are those of `shown_rates`.

    Returns
    -------
    DataFrame
        Rows of the table: the total and the six sources that have the largest share of it, on average over
        rates and working points.
    """
    rates = shown_rates(discriminators)
    keys = ["discriminator", "metric"]
    rows = compared[compared["pair"] == pair.label].set_index(keys)
    rows = rows.loc[[rate for rate in rates if rate in rows.index]].reset_index()
    largest = rows[list(ROLES)].max(axis=1).where(rows["resolved"], 0.0)
    total = largest.where(rows["source"] == TOTAL).groupby([rows[key] for key in [*keys, "working_point"]])
    share = (largest / total.transform("max")).fillna(0.0).groupby(rows["source"], sort=False).mean()
    ranked = share.drop(TOTAL).sort_values(ascending=False, kind="stable").index[:_SOURCES]
    shown = [TOTAL, *ranked]
    rank = rows["source"].map({name: place for place, name in enumerate(shown)})
    return rows[rank.notna()].assign(rank=rank).sort_values("rank", kind="stable").drop(columns="rank")


@styled
def draw_scale_factors(
    table: pd.DataFrame, pairs: Sequence[Pair], pair: Pair, points: Sequence[float], sample: str
) -> Figure:
    """A column a flavour, a row a working point: total and largest sources, nominal beside adversarial.

    Parameters
    ----------
    table : DataFrame
        From `scale_factor_table`.
    pairs : sequence of Pair
        All that are compared, for the colours.
    pair : Pair
        The one shown.
    points : sequence of float
        Working points, from loose to tight.
    sample : str
        What was simulated.
    """
    rates = list(dict.fromkeys(zip(table["discriminator"], table["metric"], strict=True)))
    rates.sort(key=lambda rate: (rate[1], flavour_of(*rate)))
    names = list(dict.fromkeys(table["source"]))
    models = arm_models(pairs, pair.label)
    figure = Figure(figsize=(3.2 + 3.0 * len(rates), 1.7 + (0.7 + 0.31 * len(names)) * len(points)))
    panels = figure.subplots(len(points), len(rates), sharex="col", sharey=True, squeeze=False)
    for place, rate in enumerate(rates):
        of_rate = table[matching(table, discriminator=rate[0], metric=rate[1])]
        for axes, point in zip(panels[:, place], points, strict=True):
            rows = of_rate[matching(of_rate, working_point=float(point))].set_index("source").loc[names]
            for model in models:
                _draw_points(axes, rows, model)
            axes.set_yticks(np.arange(len(names))[::-1], labels=[name.replace("_", " ") for name in names])
            axes.yaxis.set_minor_locator(NullLocator())
            # Below the sources there is room for the name of the working point.
            axes.set_ylim(-1.2, len(names) - 0.5)
            axes.axhline(len(names) - 1.5, color="black", linewidth=0.8)
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.text(
                *(0.96, 0.06, f"mis-tag rate {point:g}"),
                transform=axes.transAxes,
                ha="right",
                fontsize=10.5,
            )
        # What is not resolved may have any error.
        known = of_rate[of_rate["resolved"]]
        ends = [known[role] + known[f"{role}_error"] for role in ROLES]
        end = max([1.0, *(108.0 * column.max() for column in ends if len(column))])
        panels[-1, place].set_xlim(-0.04 * end, end)
        flavour = CLASSES[flavour_of(*rate)]
        panels[-1, place].set_xlabel(f"uncertainty of\n{rate[0]} {flavour} {RATE_NAMES[rate[1]]} [%]")
    hollow = Line2D(
        *([], []), color="grey", marker="o", markerfacecolor="none", linestyle="none", label="not significant"
    )
    legend_below(figure, [*model_handles(models), hollow], 3)
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _draw_points(axes: Axes, rows: pd.DataFrame, model: Model) -> None:
    """A point a source; hollow where its effect is significant on neither model."""
    height = np.arange(len(rows))[::-1] + (0.17 if model.role == "nominal" else -0.17)
    # A total of nothing is no number.
    value = 100.0 * rows[model.role].where(rows["resolved"] | (rows.index != TOTAL))
    axes.errorbar(
        *(value, height),
        xerr=100.0 * rows[f"{model.role}_error"],
        color=model.colour,
        linestyle="none",
        marker="none",
        linewidth=1.2,
    )
    resolved = rows["resolved"].to_numpy(dtype=bool)
    for chosen, face in ((resolved, model.colour), (~resolved, "white")):
        axes.plot(
            *(value[chosen], height[chosen]),
            color=model.colour,
            marker=model.marker,
            markerfacecolor=face,
            linestyle="none",
            zorder=3,
        )
