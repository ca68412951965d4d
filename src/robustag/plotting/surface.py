"""The loss around one jet over two of its inputs, with the paths that attacks take."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from scipy.interpolate import RegularGridInterpolator

from robustag.plotting.labels import perturbation_label
from robustag.plotting.style import ROLES, arm_models, stamp, styled
from robustag.plotting.tables import pick

_PLANE = ["jets", "kind", "feature_x", "feature_y"]
PLANE_COLUMNS = ["model", "seed", *_PLANE, "x", "y", "delta_x", "delta_y", "loss"]
PATH_COLUMNS = ["model", "seed", *_PLANE, "attack", "step", "x", "y", "delta_x", "delta_y"]
#: Colour and line width; PGD is drawn first, and shows below where both take the same way.
PATH_LINES = {"pgd": ("#E69F00", 4.0), "fgsm": ("white", 1.6)}
LEVELS = 15


def of_pair(table: pd.DataFrame, pair: Mapping[str, str], **wanted: str | float) -> pd.DataFrame:
    """Rows of the two models of a pair, each from its first training seed, with arm and role in front.

    Averaging over trainings would show a geometry that no model has.

    Parameters
    ----------
    table : DataFrame
        Planes or paths.
    pair : mapping
        ``label``, ``nominal``, ``adversarial``.
    **wanted : str or float
        Column and value.
    """
    parts = []
    for role in ROLES:
        rows = pick(table, "planes", model=pair[role])
        part = pick(rows[rows["seed"] == rows["seed"].min()], "planes", **wanted).copy()
        part.insert(0, "role", role)
        part.insert(0, "arm", pair["label"])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def planes_of(table: pd.DataFrame) -> list[dict[str, str]]:
    """The different planes of a table, in its order."""
    return table[_PLANE].drop_duplicates().to_dict("records")


@styled
def draw_surface(planes: pd.DataFrame, paths: pd.DataFrame, options: Mapping[str, Any]) -> Figure:
    """The first plane of two models as sheets in three dimensions and as contours, with the attacks' paths.

    Parameters
    ----------
    planes, paths : DataFrame
        From `of_pair`.
    options : mapping
        ``labels`` of inputs, ``pairs`` and ``sample``; only the pair whose label is in ``planes`` is drawn.
    """
    shown = planes_of(planes)[0]
    arm = planes["arm"].iloc[0]
    figure = Figure(figsize=(12.4, 10.0))
    grid = figure.add_gridspec(2, len(ROLES), height_ratios=(1.25, 1))
    exponent = exponent_of(pick(planes, "planes", **shown)["loss"].max())
    loss_label = "loss" if exponent == 0 else rf"loss [$10^{{{exponent}}}$]"
    across, up = (direction_label(shown[f"feature_{axis}"], options["labels"]) for axis in "xy")
    panels = []
    for column, model in enumerate(arm_models(options["pairs"], arm)):
        plane = pick(planes, "planes", role=model.role, **shown)
        plane = plane.assign(loss=plane["loss"] * 10.0**-exponent)
        path = pick(paths, "paths", role=model.role, **shown)
        sheet = figure.add_subplot(grid[0, column], projection="3d")
        _draw_sheet(sheet, plane, path, model.colour, (across, up, loss_label))
        sheet.set_title(f"{arm} arm, {model.role} training", fontweight="bold")
        axes = figure.add_subplot(grid[1, column])
        filled = draw_contours(axes, plane, path, LEVELS)
        figure.colorbar(filled, ax=axes, label=loss_label)
        axes.set(xlabel=across, ylabel=up)
        panels.append(axes)
    draw_legend(panels[0])
    stamp(panels[0], panels[-1], options["sample"])
    return figure


def direction_label(name: str, labels: Mapping[str, str]) -> str:
    """A direction of a plane with its unit: an input's own label, else the name with sigma."""
    return labels.get(name, rf"{name.replace('_', ' ')} [$\sigma$]")


def draw_contours(axes: Axes, plane: pd.DataFrame, paths: pd.DataFrame, levels: object) -> Any:
    """Contours of the loss, and the attacks' paths from the jet on; returns what a colour bar needs."""
    grid = plane.pivot(index="y", columns="x", values="loss")
    filled = axes.contourf(grid.columns, grid.index, grid.to_numpy(), levels=levels, cmap="cividis")
    for attack, (colour, width) in PATH_LINES.items():
        path = pick(paths, "paths", attack=attack)
        axes.plot(path["x"], path["y"], color=colour, marker=".", linewidth=width)
    axes.plot(*paths[["x", "y"]].iloc[0], marker="o", color="white", markeredgecolor="black")
    axes.set(xlim=(grid.columns[0], grid.columns[-1]), ylim=(grid.index[0], grid.index[-1]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4))
    return filled


def _draw_sheet(
    axes: Axes3D, plane: pd.DataFrame, paths: pd.DataFrame, colour: str, labels: tuple[str, str, str]
) -> None:
    grid = plane.pivot(index="x", columns="y", values="loss")
    x, y = np.meshgrid(grid.index, grid.columns, indexing="ij")
    axes.plot_surface(x, y, grid.to_numpy(), color=colour, alpha=0.75, linewidth=0)
    height = RegularGridInterpolator(
        (grid.index, grid.columns), grid.to_numpy(), bounds_error=False, fill_value=np.nan
    )
    # A little above the sheet, or matplotlib hides the line behind it.
    lift = 0.02 * (grid.to_numpy().max() - grid.to_numpy().min())
    for attack, (colour, width) in PATH_LINES.items():
        dense = _densified(pick(paths, "paths", attack=attack)[["x", "y"]].to_numpy())
        axes.plot(*dense.T, height(dense) + lift, color=colour, linewidth=width, zorder=10)
    axes.set_xlabel(labels[0], labelpad=10)
    axes.set_ylabel(labels[1], labelpad=10)
    axes.set_zlabel(labels[2], labelpad=14)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelsize=10, pad=2)
    # Steep enough that no sheet is seen edge-on.
    axes.view_init(elev=40, azim=-56)
    axes.set_box_aspect((4, 4, 2.6), zoom=0.92)


def _densified(points: np.ndarray) -> np.ndarray:
    """A polygon [n, 2] with points between its corners, so that it can follow a curved sheet."""
    corners = np.arange(len(points))
    fine = np.linspace(0, len(points) - 1, 20 * (len(points) - 1) + 1)
    return np.stack([np.interp(fine, corners, column) for column in points.T], axis=1)


def draw_legend(axes: Axes) -> None:
    for attack, (colour, width) in PATH_LINES.items():
        axes.plot([], [], color=colour, linewidth=width, marker=".", label=perturbation_label(attack))
    axes.legend(loc="upper left", labelcolor="white", frameon=True, facecolor="black", framealpha=0.55)


def exponent_of(largest: float) -> int:
    """The power of ten that a loss axis factors out: zero for losses of order one."""
    return 0 if 0.05 <= largest < 1000 or largest == 0 else int(np.floor(np.log10(largest)))
