"""The loss in many planes: around one jet and averaged over the jets of a flavour."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from robustag.evaluation.reading import pick
from robustag.plotting.options import Pair
from robustag.plotting.style import FLAVOUR_LABELS, ROLES, name_row, stamp, styled
from robustag.plotting.surface.contours import (
    change_label,
    direction_label,
    draw_contours,
    draw_legend,
    of_pair,
    planes_of,
    shared_changes,
)

AVERAGED_KINDS = ["inputs", "gradient_random", "principal"]
"""Kinds of mean planes that are drawn."""


def averages_of_pair(table: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """As `of_pair`, of the planes averaged over jets those that `draw_averages` shows."""
    return of_pair(table[(table["jets"] != "jet") & table["kind"].isin(AVERAGED_KINDS)], pair)


@styled
def draw_planes(planes: pd.DataFrame, paths: pd.DataFrame, labels: Mapping[str, str], sample: str) -> Figure:
    """Planes around one jet but the first: a column each, the nominal model above the adversarial.

    Colours are the change of the loss from the jet's, on one scale for both models.

    Parameters
    ----------
    planes, paths : DataFrame
        From `of_pair`.
    labels : mapping
        Axis labels of inputs.
    sample : str
        What was simulated.
    """
    shown = planes_of(planes)[1:]
    figure = Figure(figsize=(1.5 + 3.8 * len(shown), 7.6))
    panels = figure.subplots(len(ROLES), len(shown), squeeze=False, sharex="col", sharey="col")
    arm = planes["arm"].iloc[0]
    for column, plane in zip(panels.T, shown, strict=True):
        _draw_pair(figure, list(column), planes, paths, plane, labels, stacked=True)
    for axes, role in zip(panels[:, 0], ROLES, strict=True):
        name_row(axes, f"{arm} arm, {role}", 0.42)
    draw_legend(panels[0, 0])
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


@styled
def draw_averages(planes: pd.DataFrame, paths: pd.DataFrame, sample: str) -> Figure:
    """Mean planes: a row a flavour; of each kind the nominal model beside the adversarial, on one scale.

    Parameters
    ----------
    planes, paths : DataFrame
        From `averages_of_pair`.
    sample : str
        What was simulated.
    """
    shown = planes_of(planes)
    flavours = list(dict.fromkeys(plane["jets"] for plane in shown))
    kinds = len(shown) // len(flavours)
    figure = Figure(figsize=(6.2 * kinds, 3.0 * len(flavours) + 1.0))
    panels = figure.subplots(len(flavours), len(ROLES) * kinds, squeeze=False, sharex="col", sharey="col")
    for number, plane in enumerate(shown):
        row, kind = divmod(number, kinds)
        pair = panels[row, len(ROLES) * kind : len(ROLES) * (kind + 1)]
        _draw_pair(figure, list(pair), planes, paths, plane, {}, stacked=False)
    arm = planes["arm"].iloc[0]
    for axes, role in zip(panels[0], ROLES * kinds, strict=True):
        axes.text(0.05, 0.05, f"{arm}, {role}", transform=axes.transAxes, color="white", fontweight="bold")
    for axes in panels[:-1].flat:
        axes.set_xlabel("")
    for axes, flavour in zip(panels[:, 0], flavours, strict=True):
        name_row(axes, FLAVOUR_LABELS[flavour], 0.5)
    draw_legend(panels[0, 0])
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _draw_pair(
    figure: Figure,
    panels: Sequence[Axes],
    planes: pd.DataFrame,
    paths: pd.DataFrame,
    plane: Mapping[str, str],
    names: Mapping[str, str],
    stacked: bool,
) -> None:
    """One plane of both models, the loss minus that at the centre, on a common scale."""
    changes, exponent, levels = shared_changes(planes, plane)
    for axes, role in zip(panels, ROLES, strict=True):
        filled = draw_contours(axes, changes[role], pick(paths, "paths", role=role, **plane), levels)
    labels = [direction_label(plane[f"feature_{axis}"], names) for axis in "xy"]
    for axes in panels:
        axes.set_xlabel(labels[0], fontsize=11.5)
        axes.set_ylabel(labels[1], fontsize=11.5)
    inner = panels[0].set_xlabel if stacked else panels[-1].set_ylabel
    inner("")
    if not stacked:
        panels[-1].tick_params(labelleft=False)
    bar = figure.colorbar(filled, ax=list(panels), pad=0.02)
    # Over the bar, not beside it, where the next panel's label begins.
    bar.ax.set_title(change_label(exponent, "\n"), fontsize=11, pad=5)
    bar.locator = MaxNLocator(5)
    bar.update_ticks()
