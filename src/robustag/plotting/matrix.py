"""A matrix of numbers as a coloured grid with the numbers in it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator


def draw_matrix(
    axes: Axes,
    values: pd.DataFrame,
    errors: pd.DataFrame,
    names: Sequence[str],
    *,
    digits: int,
    largest: float,
) -> None:
    """Draw a square matrix, first row at the top; each cell has its value and its error with so many digits.

    A cell without a value stays white.

    Parameters
    ----------
    axes : Axes
    values, errors : DataFrame [N, N]
    names : sequence of str
        Of rows and columns.
    digits : int
        After the decimal point.
    largest : float
        The value at the light end of the colours; the dark end is zero, or the smallest value below it.
    """
    smallest = min(0.0, float(values.min(axis=None)))
    axes.pcolormesh(values, cmap="cividis", vmin=smallest, vmax=largest)
    for row, column in np.ndindex(values.shape):
        value = values.iloc[row, column]
        if np.isnan(value):
            continue
        axes.text(
            column + 0.5,
            row + 0.5,
            f"{value:.{digits}f}\n± {errors.iloc[row, column]:.{digits}f}",
            ha="center",
            va="center",
            fontsize=10,
            color="black" if value - smallest > 0.5 * (largest - smallest) else "white",
        )
    ticks = np.arange(len(values)) + 0.5
    axes.set_xticks(ticks, labels=names, fontsize=10)
    axes.set_yticks(ticks, labels=names, fontsize=10)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.tick_params(length=0)
    axes.set_ylim(len(values), 0)
