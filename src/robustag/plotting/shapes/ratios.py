"""Ratios of a changed shape to the raw one: points, and arrows for those that a panel has no room for."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes


def draw_ratios(axes: Axes, rows: pd.DataFrame, colour: object) -> None:
    """Points over the middle of bins; triangles at the edge of the axis point to those beyond.

    Parameters
    ----------
    axes : Axes
        With the range that it will keep.
    rows : DataFrame
        Columns low, high, ``ratio`` and ``ratio_spread``, its error; NaN is not drawn.
    colour : colour of Matplotlib
    """
    centre = (rows["low"] + rows["high"]) / 2
    bottom, top = axes.get_ylim()
    inside = rows["ratio"].between(bottom, top)
    axes.errorbar(
        centre[inside],
        rows["ratio"][inside],
        yerr=rows["ratio_spread"][inside],
        color=colour,
        marker="o",
        markersize=2.5,
        linestyle="none",
        elinewidth=1,
    )
    # Half of a triangle is clipped by the frame: its middle stands a little inside.
    for beyond, marker, height in ((rows["ratio"] > top, "^", 0.94), (rows["ratio"] < bottom, "v", 0.06)):
        axes.plot(
            centre[beyond],
            np.full(beyond.sum(), height),
            color=colour,
            marker=marker,
            markersize=5,
            linestyle="none",
            transform=axes.get_xaxis_transform(),
        )
