"""The loss around one jet over two of its inputs, with the paths that attacks take."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from scipy.interpolate import RegularGridInterpolator

from robustag.evaluation.reading import pick
from robustag.plotting.style import ROLES, Model, stamp, styled
from robustag.plotting.surface.contours import (
    PATH_LINES,
    change_label,
    direction_label,
    draw_contours,
    draw_legend,
    loss_at_centre,
    loss_text,
    planes_of,
    shared_changes,
)


@styled
def draw_surface(
    planes: pd.DataFrame,
    paths: pd.DataFrame,
    models: Sequence[Model],
    labels: Mapping[str, str],
    sample: str,
) -> Figure:
    """The first plane of two models as sheets in three dimensions and as contours, with the attacks' paths.

    Heights and colours are the change of the loss from the jet's, on one scale for both models.

    Parameters
    ----------
    planes, paths : DataFrame
        From `of_pair`.
    models : sequence of Model
        The two of the pair, from `arm_models`.
    labels : mapping
        Axis labels of inputs.
    sample : str
        What was simulated.
    """
    shown = planes_of(planes)[0]
    arm = planes["arm"].iloc[0]
    figure = Figure(figsize=(12.4, 10.0))
    grid = figure.add_gridspec(2, len(ROLES), height_ratios=(1.25, 1))
    changes, exponent, levels = shared_changes(planes, shown)
    loss_label = change_label(exponent, " ")
    across, up = (direction_label(shown[f"feature_{axis}"], labels) for axis in "xy")
    panels = []
    for column, model in enumerate(models):
        path = pick(paths, "paths", role=model.role, **shown)
        sheet = figure.add_subplot(grid[0, column], projection="3d")
        _draw_sheet(sheet, changes[model.role], path, model.colour, (across, up, loss_label))
        sheet.set_zlim(levels[0], levels[-1])
        jet = loss_at_centre(pick(planes, "planes", role=model.role, **shown))
        sheet.set_title(
            f"{arm} arm, {model.role} training\nloss of the jet {loss_text(jet)}", fontweight="bold"
        )
        axes = figure.add_subplot(grid[1, column])
        filled = draw_contours(axes, changes[model.role], path, levels)
        axes.set(xlabel=across, ylabel=up)
        panels.append(axes)
    bar = figure.colorbar(filled, ax=panels, label=loss_label, pad=0.02)
    bar.locator = MaxNLocator(6)
    bar.update_ticks()
    draw_legend(panels[0])
    stamp(panels[0], panels[-1], sample)
    return figure


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
    # From so high, and in so low a box, that no sheet is seen edge-on: not even one that falls away from us.
    axes.view_init(elev=42, azim=-56)
    axes.set_box_aspect((4, 4, 1.8), zoom=0.95)


def _densified(points: np.ndarray) -> np.ndarray:
    """A polygon [n, 2] with points between its corners, so that it can follow a curved sheet."""
    corners = np.arange(len(points))
    fine = np.linspace(0, len(points) - 1, 20 * (len(points) - 1) + 1)
    return np.stack([np.interp(fine, corners, column) for column in points.T], axis=1)
