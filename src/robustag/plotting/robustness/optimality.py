"""Query curves: what each attack lacks of the best of all, against its passes through the model."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustag.attacks.labels import perturbation_label
from robustag.plotting.options import Pair
from robustag.plotting.style import EPSILON_LABEL, legend_below, paired_models, stamp, styled

OPTIMALITY_COLUMNS = ["model", "seed", "attack", "measure", "passes", "reached", "share"]
_COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#8C510A")
_LEAST = 1e-3
"""Gaps below it are drawn on it: the axis has no zero."""


def optimality_table(optimality: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """What each attack lacks, pass by pass, and in one number.

    Parameters
    ----------
    optimality : DataFrame
        The collected table.
    pairs : sequence of Pair
        The compared models.

    Returns
    -------
    DataFrame
        The rows of these models with ``gap``, 1 - share, and ``area``: the mean of the gap over all passes
        until the attack with most of them ends, each attack staying where it has ended; 0 is the best of all
        at once.
    """
    models = [model.name for model in paired_models(pairs)]
    table = optimality[optimality["model"].isin(models)].assign(gap=lambda rows: 1 - rows["share"])
    longest = int(table["passes"].max())
    case = ["model", "seed", "attack", "measure"]
    areas = [(*key, _area(rows, longest)) for key, rows in table.groupby(case, sort=False)]
    return table.merge(pd.DataFrame(areas, columns=[*case, "area"]), on=case)


def _area(rows: pd.DataFrame, longest: int) -> float:
    """Mean gap over 1 to so many passes; it is 1 before the first point."""
    at = np.arange(1, longest + 1)
    last = np.searchsorted(rows["passes"].to_numpy(), at, side="right") - 1
    return float(np.where(last >= 0, rows["gap"].to_numpy()[last.clip(min=0)], 1.0).mean())


@styled
def draw_optimality(table: pd.DataFrame, pairs: Sequence[Pair], sample: str, epsilon: float) -> Figure:
    """One column a model, one row a measure, one line an attack.

    Parameters
    ----------
    table : DataFrame
        From `optimality_table`.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    epsilon : float
        Strength of the attacks.
    """
    shown = set(table["model"])
    models = [model for model in paired_models(pairs) if model.name in shown]
    measures, attacks = (list(dict.fromkeys(table[column])) for column in ("measure", "attack"))
    figure = Figure(figsize=(1.6 + 3.6 * len(models), 2.2 + 2.8 * len(measures)))
    panels = figure.subplots(len(measures), len(models), sharex=True, sharey=True, squeeze=False)
    colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(attacks)}
    for row, measure in zip(panels, measures, strict=True):
        for axes, model in zip(row, models, strict=True):
            rows = table[(table["model"] == model.name) & (table["measure"] == measure)]
            # The first on top: a worst case of several attacks goes where the first of them does, and on.
            for name, line in reversed([*rows.groupby("attack", sort=False)]):
                gap = line["gap"].clip(lower=_LEAST)
                axes.plot(line["passes"], gap, color=colours[str(name)], drawstyle="steps-post")
                axes.plot(line["passes"].iloc[-1], gap.iloc[-1], "o", color=colours[str(name)])
        row[0].set_ylabel("gap to the best,\n" + ("misread jets" if measure == "misread" else measure))
    panels[0, 0].set(xscale="log", yscale="log", ylim=(0.8 * _LEAST, 4.0))
    for axes, model in zip(panels[0], models, strict=True):
        axes.text(0.97, 0.91, model.title, transform=axes.transAxes, fontsize=10, ha="right")
    for axes in panels[-1]:
        axes.set_xlabel("forward and backward passes")
    handles = [Line2D([], [], color=colours[name], label=perturbation_label(name)) for name in attacks]
    legend_below(figure, handles, 4, title=f"{EPSILON_LABEL.split(' ')[0]} = {epsilon:g}")
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure
