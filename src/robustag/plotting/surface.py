"""The loss around one jet over two of its inputs, and how steep the loss is around many jets."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from robustag.plotting.style import ROLES, Model, paired_models, stamp, styled
from robustag.plotting.tables import pick

PLANE_COLUMNS = [
    *("model", "seed", "feature_x", "feature_y", "x", "y", "delta_x", "delta_y", "loss"),
    *("gradient_x", "gradient_y", "step_x", "step_y"),
]
GEOMETRY_COLUMNS = ["model", "seed", "jet", "grad_l1", "grad_ratio"]

ARROW = 0.35
"""Length of the arrows as a share of the plane's half-width: a real FGSM step would be too short to see."""


def plane_table(planes: pd.DataFrame, pair: Mapping[str, str]) -> pd.DataFrame:
    """The loss planes of the two models of a pair, each from its first training seed.

    Averaging over trainings would show a geometry that no model has.

    Parameters
    ----------
    planes : DataFrame
        Table with the columns ``PLANE_COLUMNS``.
    pair : mapping
        ``label``, ``nominal``, ``adversarial``.

    Returns
    -------
    DataFrame
        Columns arm, role and the columns of ``planes``.
    """
    parts = []
    for role in ROLES:
        rows = pick(planes, "planes", model=pair[role])
        part = rows[rows["seed"] == rows["seed"].min()].sort_values(["delta_x", "delta_y"])
        part.insert(0, "role", role)
        part.insert(0, "arm", pair["label"])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def geometry_table(geometry: pd.DataFrame, pair: Mapping[str, str]) -> pd.DataFrame:
    """Gradient norm and ratio of slopes of every jet, for all trainings of the two models of a pair.

    Returns
    -------
    DataFrame
        Columns arm, role and the columns ``GEOMETRY_COLUMNS``.
    """
    parts = []
    for role in ROLES:
        part = pick(geometry, "geometry", model=pair[role])[GEOMETRY_COLUMNS]
        part.insert(0, "role", role)
        part.insert(0, "arm", pair["label"])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


@styled
def draw_surface(
    planes: pd.DataFrame,
    geometry: pd.DataFrame,
    axis_labels: tuple[str, str],
    options: Mapping[str, Any],
) -> Figure:
    """Loss sheets in three dimensions, the same as contours with arrows, and gradients over many jets.

    Parameters
    ----------
    planes : DataFrame
        From `plane_table`.
    geometry : DataFrame
        From `geometry_table`.
    axis_labels : (str, str)
        Names of the two inputs with their units.
    options : mapping
        ``pairs`` and ``sample``; only the pair whose label is in ``planes`` is drawn.
    """
    arm = planes["arm"].iloc[0]
    models = [model for model in paired_models(options["pairs"]) if model.arm == arm]
    figure = Figure(figsize=(15.5, 9.0))
    grid = figure.add_gridspec(2, 3, width_ratios=(1, 1, 1.05))
    exponent = _exponent(planes["loss"].max())
    loss_label = "loss" if exponent == 0 else rf"loss [$10^{{{exponent}}}$]"
    for column, model in enumerate(models):
        plane = pick(planes, "planes", role=model.role)
        plane = plane.assign(loss=plane["loss"] * 10.0**-exponent)
        sheet = figure.add_subplot(grid[0, column], projection="3d")
        _draw_sheet(sheet, plane, model, axis_labels, loss_label)
        sheet.set_title(f"{arm} arm, {model.role} training", fontweight="bold")
        contours = figure.add_subplot(grid[1, column])
        _draw_contours(figure, contours, plane, axis_labels, loss_label)
    norms, ratios = (figure.add_subplot(grid[row, 2]) for row in (0, 1))
    steepness = geometry.loc[geometry["grad_l1"] > 0, "grad_l1"]
    edges = np.geomspace(steepness.quantile(0.005), steepness.max(), 36)
    _draw_distribution(norms, geometry, models, "grad_l1", edges)
    norms.set(xscale="log", xlabel=r"gradient norm $\|\nabla_x L\|_1$ [per $\sigma$]")
    _draw_distribution(ratios, geometry, models, "grad_ratio", np.linspace(0.0, 1.0, 26))
    ratios.set_xlabel("smaller over larger slope of the two inputs")
    stamp(norms, norms, options["sample"])
    return figure


def _exponent(largest: float) -> int:
    """The power of ten that a loss axis factors out: zero for losses of order one."""
    return 0 if 0.05 <= largest < 1000 else int(np.floor(np.log10(largest)))


def _draw_sheet(
    axes: Axes3D, plane: pd.DataFrame, model: Model, axis_labels: tuple[str, str], loss_label: str
) -> None:
    grid = plane.pivot(index="y", columns="x", values="loss")
    x, y = np.meshgrid(grid.columns, grid.index)
    axes.plot_surface(x, y, grid.to_numpy(), color=model.colour, alpha=0.85, linewidth=0)
    axes.set_xlabel(axis_labels[0], labelpad=10)
    axes.set_ylabel(axis_labels[1], labelpad=10)
    axes.set_zlabel(loss_label, labelpad=14)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelsize=10, pad=2)
    # Steep enough that no sheet is seen edge-on.
    axes.view_init(elev=40, azim=-56)
    axes.set_box_aspect((4, 4, 2.6), zoom=0.95)


def _draw_contours(
    figure: Figure, axes: Axes, plane: pd.DataFrame, axis_labels: tuple[str, str], loss_label: str
) -> None:
    """Contours of the loss; arrows from the jet along the FGSM step and along the steepest ascent."""
    grid = plane.pivot(index="y", columns="x", values="loss")
    filled = axes.contourf(grid.columns, grid.index, grid.to_numpy(), levels=14, cmap="cividis")
    figure.colorbar(filled, ax=axes, label=loss_label)
    low, high = plane[["x", "y"]].min().to_numpy(), plane[["x", "y"]].max().to_numpy()
    jet = plane.iloc[0]
    centre = (low + high) / 2
    gradient = jet[["gradient_x", "gradient_y"]].to_numpy(float)
    step = jet[["step_x", "step_y"]].to_numpy(float)
    length = np.linalg.norm(gradient)
    steepest = gradient / length if length > 0 else gradient
    for direction, colour, label in ((step, "white", "FGSM step"), (steepest, "#E69F00", "steepest ascent")):
        tip = centre + ARROW * (high - low) / 2 * direction
        axes.annotate("", tip, centre, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2.2})
        axes.plot([], [], color=colour, label=label)
    axes.plot(*centre, marker="o", color="white", markeredgecolor="black")
    axes.set(xlabel=axis_labels[0], ylabel=axis_labels[1])
    axes.legend(loc="upper left", labelcolor="white", frameon=True, facecolor="black", framealpha=0.55)


def _draw_distribution(
    axes: Axes, geometry: pd.DataFrame, models: list[Model], quantity: str, edges: np.ndarray
) -> None:
    """Share of jets a bin, mean over trainings, with the spread over them as a band."""
    for model in models:
        rows = pick(geometry, "geometry", role=model.role)
        shares = np.stack(
            [
                np.histogram(values, edges)[0] / len(values)
                for values in (group[quantity].to_numpy(float) for _, group in rows.groupby("seed"))
            ]
        )
        mean, spread = shares.mean(axis=0), shares.std(axis=0)
        median = np.nanmedian(rows[quantity])
        axes.stairs(mean, edges, color=model.colour, label=f"{model.role}, median {median:.3g}")
        axes.stairs(mean + spread, edges, baseline=mean - spread, fill=True, color=model.colour, alpha=0.2)
    axes.set_ylabel("share of jets per bin")
    # Room above the histograms for the legend.
    axes.set_ylim(0.0, 1.45 * axes.get_ylim()[1])
    axes.legend(loc="upper right")
