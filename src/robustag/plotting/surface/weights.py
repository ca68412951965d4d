"""The loss over two random directions of a model's weights, clean and attacked."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from robustag.evaluation.reading import pick
from robustag.plotting.columns import in_front
from robustag.plotting.options import Pair, Perturbation
from robustag.plotting.style import name_row, paired_models, stamp, styled

WEIGHT_COLUMNS = ["model", "seed", "delta_x", "delta_y", "perturbation", "epsilon", "loss"]
_HIGHEST = 10.0
"""Losses so many times that of the trained weights are drawn alike."""


def weights_table(weights: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Surfaces of all trainings of the paired models, with the loss relative to that of the trained weights.

    Returns
    -------
    DataFrame
        Columns arm, role, those of ``weights``, and ``ratio``: loss over the loss at the grid point nearest
        to the trained weights, of the same perturbation; NaN where that is zero.
    """
    parts = []
    for model in paired_models(pairs):
        for _, rows in pick(weights, "weights", model=model.name).groupby(
            ["seed", "perturbation"], sort=False
        ):
            centre = rows.loc[(rows["delta_x"].abs() + rows["delta_y"].abs()).idxmin(), "loss"]
            part = rows.assign(ratio=rows["loss"] / centre if centre > 0 else np.nan)
            parts.append(in_front(part, arm=model.arm, role=model.role))
    return pd.concat(parts, ignore_index=True)


def mean_ratio_around(rows: pd.DataFrame, distance: float) -> float:
    """Mean of `ratio` over the grid points about that far from the trained weights."""
    away = (np.hypot(rows["delta_x"], rows["delta_y"]) - distance).abs()
    return float(rows.loc[away <= away.min() + 0.5 * _spacing(rows), "ratio"].mean())


@styled
def draw_weights(table: pd.DataFrame, pairs: Sequence[Pair], sample: str) -> Figure:
    """A column a model; raw loss above, attacked loss below, each over that of the trained weights.

    The pictures are of the first training seed, the mean half a neuron's length away is over all of them.

    Parameters
    ----------
    table : DataFrame
        From `weights_table`.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    """
    models = paired_models(pairs)
    perturbations = list(dict.fromkeys(table["perturbation"]))
    figure = Figure(figsize=(4.0 * len(models) + 1.2, 4.0 * len(perturbations)))
    panels = figure.subplots(len(perturbations), len(models), sharex=True, sharey=True, squeeze=False)
    low = min(0.8, table.loc[table["ratio"] > 0, "ratio"].min())
    levels = np.geomspace(low, _HIGHEST, 22)
    for column, model in zip(panels.T, models, strict=True):
        for axes, perturbation in zip(column, perturbations, strict=True):
            rows = pick(table, "weights", model=model.name, perturbation=perturbation)
            around = pd.Series([mean_ratio_around(part, 0.5) for _, part in rows.groupby("seed")])
            rows = rows[rows["seed"] == rows["seed"].min()]
            # A loss of exactly zero has no place on a logarithmic scale; it is at the lowest level.
            grid = rows.pivot(index="delta_y", columns="delta_x", values="ratio").clip(lower=low)
            filled = axes.contourf(
                *(grid.columns, grid.index, grid.to_numpy()),
                levels=levels,
                norm=LogNorm(low, _HIGHEST),
                cmap="cividis",
                extend="max",
            )
            axes.plot(0, 0, marker="o", color="white", markeredgecolor="black")
            spread = rf" $\pm$ {around.std():.2f}" if len(around) > 1 else ""
            mean = f"mean at 0.5: {around.mean():.2f}{spread}" if np.isfinite(around).all() else "no loss"
            axes.text(
                *(0.04, 0.95, f"{model.title}\n{mean}"),
                transform=axes.transAxes,
                va="top",
                fontsize=11,
                bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0},
            )
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(4))
        column[-1].set_xlabel("first direction")
    for axes, perturbation in zip(panels[:, 0], perturbations, strict=True):
        axes.set_ylabel("second direction")
        epsilon = pick(table, "weights", perturbation=perturbation)["epsilon"].iloc[0]
        name_row(axes, Perturbation(perturbation, epsilon).title, 0.4)
    bar = figure.colorbar(filled, ax=panels, label="loss over that of the trained weights")
    bar.set_ticks([1, 2, 5, 10])
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bar.ax.minorticks_off()
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _spacing(rows: pd.DataFrame) -> float:
    offsets = np.sort(rows["delta_x"].unique())
    return float(offsets[1] - offsets[0])
