"""Sketches of the method: what an adversarial jet is, and how training on such jets goes."""

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import NullLocator

from robustag.plotting.style import FLAVOUR_COLOURS, ROLE_COLOURS, styled

_GRADIENT = np.array([0.5, -1.6, 1.1, -0.3, 1.9, -0.9, 0.0, 0.7])
_JET = np.array([0.3, 1.4, -0.6, 0.9, -1.1, 0.5, 1.0, -0.4])
_STEP = 0.25  # many times what is used, so that it can be seen
# What happens to a batch, in order, and in which training.
STEPS = (
    ("batch of jets\nx, flavours y", "both"),
    ("gradient of the loss\nby the inputs", "adversarial"),
    ("step: $x' = x +$\n$\\varepsilon\\,\\mathrm{sign}\\,\\nabla_x J$", "adversarial"),
    ("network,\nloss J", "both"),
    ("update of\nthe weights", "both"),
)


def jet_table() -> pd.DataFrame:
    """Invented inputs of one jet: ``value``, ``gradient`` of the loss, ``step`` and ``perturbed``, in sigma.

    The seventh does not move, as counts and missing entries do not.
    """
    step = _STEP * np.sign(_GRADIENT)
    return pd.DataFrame(
        {
            "input": np.arange(1, 9),
            "value": _JET,
            "gradient": _GRADIENT,
            "step": step,
            "perturbed": _JET + step,
        }
    )


def training_table() -> pd.DataFrame:
    """The steps of one training iteration, and which training makes them."""
    return pd.DataFrame(STEPS, columns=["step", "training"])


@styled
def draw_jet(table: pd.DataFrame) -> Figure:
    """A b jet, plus a small step along the sign of the gradient, is a jet taken for a light one.

    Parameters
    ----------
    table : DataFrame
        From `jet_table`.
    """
    figure = Figure(figsize=(12.0, 4.4))
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    shown = (
        ("value", FLAVOUR_COLOURS["b"], "jet x: taken for b"),
        ("step", "black", r"$\varepsilon\,\mathrm{sign}\,\nabla_x J$"),
        ("perturbed", FLAVOUR_COLOURS["light"], "jet x': taken for light"),
    )
    for axes, (column, colour, title) in zip(panels, shown, strict=True):
        axes.bar(table["input"], table[column], color=colour, width=0.7)
        axes.axhline(0.0, color="black", linewidth=0.8)
        axes.set_title(title)
        axes.set_xlabel("input")
        axes.set_xticks(table["input"])
        axes.xaxis.set_minor_locator(NullLocator())
    panels[2].bar(
        table["input"], table["value"], width=0.7, fill=False, edgecolor=FLAVOUR_COLOURS["b"], linewidth=1.0
    )
    panels[0].set(ylabel=r"value [$\sigma$]", ylim=(-2.0, 2.0))
    for axes, sign in zip(panels[1:], ("+", "="), strict=True):
        axes.text(-0.06, 0.5, sign, transform=axes.transAxes, ha="center", va="center", fontsize=26)
    return figure


@styled
def draw_training(table: pd.DataFrame) -> Figure:
    """The loop of the nominal training above, that of the adversarial one below: two steps more.

    Parameters
    ----------
    table : DataFrame
        From `training_table`.
    """
    figure = Figure(figsize=(12.0, 4.6))
    axes = figure.subplots()
    axes.set(xlim=(-0.6, len(table) - 0.4), ylim=(-1.0, 1.65))
    axes.set_axis_off()
    for height, role in ((1.0, "nominal"), (-0.3, "adversarial")):
        colour = ROLE_COLOURS[role][0]
        made = table.index[table["training"].isin(["both", role])]
        for number in made:
            _box(axes, number, height, table["step"][number], colour)
        for first, second in pairwise(made):
            _arrow(axes, (first + 0.42, height), (second - 0.42, height), "arc3", colour)
        _arrow(axes, (made[-1], height - 0.27), (made[0], height - 0.27), "arc3,rad=-0.12", colour)
        axes.text(-0.42, height + 0.36, f"{role} training", color=colour, fontweight="bold")
    return figure


def _box(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch((x - 0.36, y - 0.2), 0.72, 0.4, "round,pad=0.05", facecolor="white", edgecolor=colour)
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=11)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], bend: str, colour: str) -> None:
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.5, "connectionstyle": bend}
    axes.annotate("", xy=end, xytext=start, arrowprops={**look, "shrinkA": 0, "shrinkB": 0})
