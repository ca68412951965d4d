"""What figures of planes share: their rows, contours of the loss, and the paths that attacks take."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from robustag.attacks.labels import perturbation_label
from robustag.evaluation.reading import PLANE, pick
from robustag.plotting.columns import in_front
from robustag.plotting.options import Pair
from robustag.plotting.style import ROLES

PLANE_COLUMNS = ["model", "seed", *PLANE, "x", "y", "delta_x", "delta_y", "loss"]
PATH_COLUMNS = ["model", "seed", *PLANE, "attack", "step", "x", "y", "delta_x", "delta_y"]
#: Colour and line width; PGD is drawn first, and shows below where both take the same way.
PATH_LINES = {"pgd": ("#E69F00", 4.0), "fgsm": ("white", 1.6)}
LEVELS = 15


def of_pair(table: pd.DataFrame, pair: Pair, **wanted: str | float) -> pd.DataFrame:
    """Rows of the two models of a pair, each from its first training seed, with arm and role in front.

    Averaging over trainings would show a geometry that no model has.

    Parameters
    ----------
    table : DataFrame
        Planes or paths.
    pair : Pair
        The two models.
    **wanted : str or float
        Column and value.
    """
    parts = []
    for role in ROLES:
        rows = pick(table, "planes", model=pair.model(role))
        part = pick(rows[rows["seed"] == rows["seed"].min()], "planes", **wanted)
        parts.append(in_front(part, arm=pair.label, role=role))
    return pd.concat(parts, ignore_index=True)


def planes_of(table: pd.DataFrame) -> list[dict[str, str]]:
    """The different planes of a table, in its order."""
    return table[PLANE].drop_duplicates().to_dict("records")


def direction_label(name: str, labels: Mapping[str, str]) -> str:
    """A direction of a plane with its unit: an input's own label, else the name with sigma."""
    return labels.get(name, rf"{name.replace('_', ' ')} [$\sigma$]")


def exponent_of(largest: float) -> int:
    """The power of ten that a loss axis factors out: zero for losses of order one."""
    return 0 if 0.05 <= largest < 1000 or largest == 0 else int(np.floor(np.log10(largest)))


def shared_changes(
    planes: pd.DataFrame, plane: Mapping[str, str]
) -> tuple[dict[str, pd.DataFrame], int, np.ndarray]:
    """One plane of both models in one frame, so that what is flatter looks flatter.

    Returns
    -------
    changes : dict
        By role, the rows of the plane with ``loss`` minus that at the centre.
    exponent : int
        The power of ten that is factored out of these.
    levels : float [LEVELS]
        Contours from the smallest to the largest change of either model.
    """
    changes = {}
    for role in ROLES:
        rows = pick(planes, "planes", role=role, **plane)
        changes[role] = rows.assign(loss=rows["loss"] - loss_at_centre(rows))
    losses = np.concatenate([rows["loss"] for rows in changes.values()])
    exponent = exponent_of(np.abs(losses).max())
    scale = 10.0**-exponent
    low, high = losses.min() * scale, losses.max() * scale
    scaled = {role: rows.assign(loss=rows["loss"] * scale) for role, rows in changes.items()}
    return scaled, exponent, np.linspace(low, high if high > low else low + 1.0, LEVELS)


def loss_at_centre(plane: pd.DataFrame) -> float:
    """The loss at the grid point nearest to the jet."""
    return float(plane.loc[(plane["delta_x"].abs() + plane["delta_y"].abs()).idxmin(), "loss"])


def loss_text(loss: float) -> str:
    """A loss as it is written, with its power of ten.

    >>> loss_text(0.4712), loss_text(6.18e-06)
    ('0.47', '$6.18 \\\\times 10^{-6}$')
    """
    exponent = exponent_of(loss)
    number = f"{loss * 10.0**-exponent:.2f}"
    return number if exponent == 0 else rf"${number} \times 10^{{{exponent}}}$"


def change_label(exponent: int, gap: str) -> str:
    """What an axis of `shared_changes` says; `gap` stands before the power of ten."""
    return r"$\Delta$ loss" if exponent == 0 else rf"$\Delta$ loss{gap}[$10^{{{exponent}}}$]"


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


def draw_legend(axes: Axes) -> None:
    for attack, (colour, width) in PATH_LINES.items():
        axes.plot([], [], color=colour, linewidth=width, marker=".", label=perturbation_label(attack))
    axes.legend(loc="upper left", labelcolor="white", frameon=True, facecolor="black", framealpha=0.55)
