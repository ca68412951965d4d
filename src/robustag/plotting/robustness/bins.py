"""Efficiency and mis-tag rate at a fixed cut in bins of transverse momentum and pseudorapidity."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from robustag.evaluation.reading import pick
from robustag.plotting.columns import in_front
from robustag.plotting.options import RAW, Pair, Perturbation
from robustag.plotting.style import (
    DISCRIMINATOR_AXES,
    Model,
    legend_below,
    paired_models,
    stamp,
    styled,
)

BIN_COLUMNS = [
    *("model", "seed", "perturbation", "epsilon", "discriminator", "metric", "working_point", "variable"),
    *("bin_low", "bin_high", "passed", "gained", "lost", "value", "low", "high"),
]
RATES = ("fixed_cut_efficiency", "fixed_cut_mistag")


class Variable(NamedTuple):
    """How a variable is shown: the name and the scale of its axis."""

    label: str
    scale: str


VARIABLES = {"pt": Variable(r"jet $p_T$ [GeV]", "log"), "eta": Variable(r"jet $|\eta|$", "linear")}
# Where the two models stand in a bin: apart by no more than their markers need.
_SHARES = (0.45, 0.55)


def bin_table(bins: pd.DataFrame, pair: Pair, discriminator: str, attack: Perturbation) -> pd.DataFrame:
    """Rates in bins of the two models of a pair, raw and attacked.

    Parameters
    ----------
    bins : DataFrame
        The bins table, columns ``BIN_COLUMNS``.
    pair : Pair
        The two models.
    discriminator : str
        BvL, BvC, CvB or CvL, cut at the middle one of the table's working points.
    attack : Perturbation
        Attack and strength.

    Returns
    -------
    DataFrame
        Columns model, discriminator, working_point, metric, variable, bin_low, bin_high; ``raw``,
        ``raw_low``, ``raw_high``, ``attacked``, ``attacked_low``, ``attacked_high`` (means over seeds of the
        rates and of their exact binomial intervals); ``ratio`` attacked / raw with its ``ratio_error``: from
        the jets that crossed the cut, and the spread over seeds / sqrt(seeds), added in quadrature.
    """
    points = sorted(bins["working_point"].unique())
    working_point = float(points[len(points) // 2])
    index = ["metric", "variable", "bin_low", "bin_high"]
    parts = []
    for model in paired_models([pair]):
        rows = pick(
            bins,
            "bins",
            model=model.name,
            perturbation=attack.name,
            discriminator=discriminator,
            working_point=working_point,
        )
        raw, attacked = (
            pick(rows, "bins", epsilon=epsilon).set_index([*index, "seed"])
            for epsilon in (0.0, attack.epsilon)
        )
        passed = raw["passed"].where(raw["passed"] > 0)
        ratio = (attacked["passed"] / passed).groupby(index)
        moved = (attacked["gained"] + attacked["lost"]).to_numpy(float, na_value=np.nan)
        crossed = (np.sqrt(moved) / passed.loc[attacked.index]).groupby(index).mean()
        seeds = ratio.std(ddof=1).fillna(0.0) / np.sqrt(rows["seed"].nunique())
        rates = {
            f"{name}{suffix}": table[column].groupby(index).mean()
            for name, table in (("raw", raw), ("attacked", attacked))
            for suffix, column in (("", "value"), ("_low", "low"), ("_high", "high"))
        }
        part = pd.DataFrame({**rates, "ratio": ratio.mean(), "ratio_error": np.hypot(crossed, seeds)})
        front = {"model": model.name, "discriminator": discriminator, "working_point": working_point}
        parts.append(in_front(part.reset_index(), **front))
    return pd.concat(parts, ignore_index=True)


@styled
def draw_bins(table: pd.DataFrame, models: Sequence[Model], attack: Perturbation, sample: str) -> Figure:
    """A column a variable: the efficiency and its change under attack, then the mis-tag rate and its own.

    Parameters
    ----------
    table : DataFrame
        From `bin_table`.
    models : sequence of Model
        The two of the pair, from `arm_models`.
    attack : Perturbation
        Attack and strength.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(9.4, 10.4))
    panels = figure.subplots(4, len(VARIABLES), sharex="col", sharey="row", height_ratios=(2, 1, 2, 1))
    labels = DISCRIMINATOR_AXES[table["discriminator"].iloc[0]]
    for column, (variable, (axis_label, scale)) in enumerate(VARIABLES.items()):
        for row, metric in enumerate(RATES):
            rates, ratios = panels[2 * row : 2 * row + 2, column]
            for model, share in zip(models, _SHARES, strict=True):
                shown = pick(table, "bins", model=model.name, metric=metric, variable=variable)
                for name, perturbation in (("raw", RAW), ("attacked", attack)):
                    value, low, high = (shown[f"{name}{suffix}"] for suffix in ("", "_low", "_high"))
                    error = np.maximum((value - low, high - value), 0.0)
                    filled = model.colour if perturbation == RAW else "white"
                    label = f"{model.title}, {perturbation.title}"
                    _draw_bars(rates, shown, value, error, model, share, markerfacecolor=filled, label=label)
                _draw_bars(ratios, shown, shown["ratio"], shown["ratio_error"], model, share)
            ratios.axhline(1.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
            if column == 0:
                rates.set_ylabel(labels[row])
                ratios.set_ylabel("attacked / raw", loc="center")
        edges = table.loc[table["variable"] == variable, ["bin_low", "bin_high"]]
        span = (edges.min().min(), edges.max().max())
        panels[-1, column].set(xscale=scale, xlim=span, xlabel=axis_label)
    of_pt = table[table["variable"] == "pt"]
    ticks = sorted({*of_pt["bin_low"], *of_pt["bin_high"]})
    panels[-1, 0].set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    panels[-1, 0].xaxis.set_minor_formatter("")
    panels[-1, 1].xaxis.set_major_formatter("{x:g}")
    efficiencies, mistags = (table[table["metric"] == metric] for metric in RATES)
    lowest = efficiencies[["raw_low", "attacked_low"]].min(axis=None)
    highest = efficiencies[["raw_high", "attacked_high"]].max(axis=None)
    panels[0, 0].set_ylim(0.9 * lowest, min(1.1 * highest, 1.05))
    positive = mistags.loc[(mistags["raw"] > 0) & (mistags["attacked"] > 0), ["raw", "attacked"]]
    if len(positive):
        panels[2, 0].set(yscale="log", ylim=(0.5 * positive.min().min(), 2 * positive.max().max()))
        panels[2, 0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panels[2, 0].yaxis.set_major_formatter("{x:g}")
        panels[2, 0].yaxis.set_minor_formatter(NullFormatter())
        panels[3, 0].set_ylim(0.0, min(1.1 * (mistags["ratio"] + mistags["ratio_error"]).max(), 20.0))
    handles, _ = panels[0, 0].get_legend_handles_labels()
    point = f"cut at {100 * table['working_point'].iloc[0]:g} % mis-tag rate on raw jets"
    legend_below(figure, handles, 2, title=point)
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _draw_bars(
    axes: Axes,
    rows: pd.DataFrame,
    value: pd.Series,
    error: pd.Series | np.ndarray,
    model: Model,
    share: float,
    **look: Any,
) -> None:
    """Values with their errors, at this share of the way through their bins; a bar across shows the bin."""
    low, high = rows["bin_low"], rows["bin_high"]
    logarithmic = VARIABLES[rows["variable"].iloc[0]].scale == "log"
    place = low * (high / low) ** share if logarithmic else low + share * (high - low)
    axes.errorbar(
        place,
        value,
        xerr=(place - low, high - place),
        yerr=error,
        color=model.colour,
        marker=model.marker,
        linestyle="none",
        elinewidth=1.2,
        **look,
    )
