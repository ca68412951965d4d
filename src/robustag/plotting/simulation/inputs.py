"""The inputs of the simulation beside those of the public data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from robustag.plotting.style import FLAVOUR_COLOURS, FLAVOUR_LABELS, stamp, styled

# What counts as agreement in the overview: a quarter of a width, and a width within a quarter.
SHIFT_BAND = 0.25
RATIO_BAND = (0.8, 1.25)
_SHIFT_LIMIT = 2.5
_RATIO_LIMITS = (0.1, 10.0)
_PLACE_COLOURS = ("#08306b", "#2166ac", "#4393c3", "#80b1d3", "#c6a56b", "#b35806")
_SHOWN = [
    *("input", "block", "place", "variable", "mean_shift", "mean_shift_error", "sigma_ratio"),
    *("sigma_ratio_error", "missing", "missing_b", "missing_c", "missing_light"),
]


def inputs_table(validation: pd.DataFrame) -> pd.DataFrame:
    """What the overview shows of the validation table.

    Returns input, block, place (-1 in a block of the jet itself), variable, mean_shift, mean_shift_error,
    sigma_ratio, sigma_ratio_error, missing, missing_b, missing_c, missing_light.
    """
    return validation[_SHOWN].copy()


@styled
def draw_inputs(table: pd.DataFrame, sample: str) -> Figure:
    """One row a variable: shift of the mean, ratio of the widths, share of jets without it.

    Parameters
    ----------
    table : DataFrame
        From `inputs_table`.
    sample : str
        What was simulated.
    """
    parts = [part for _, part in table.groupby("block", sort=False)]
    rows = [list(dict.fromkeys(part["variable"])) for part in parts]
    figure = Figure(figsize=(9.0, 0.27 * sum(map(len, rows)) + 2.2))
    # Names in a PNG are a little wider than in the PDF that the layout is made for.
    figure.set_layout_engine("constrained", w_pad=0.1)
    panels = figure.subplots(
        len(parts), 3, sharex="col", squeeze=False, height_ratios=[len(row) for row in rows]
    )
    for panel, part, names in zip(panels, parts, rows, strict=True):
        height = part["variable"].map({name: -index for index, name in enumerate(names)}).to_numpy(float)
        for axes, column, limits in (
            (panel[0], "mean_shift", (-_SHIFT_LIMIT, _SHIFT_LIMIT)),
            (panel[1], "sigma_ratio", _RATIO_LIMITS),
        ):
            _points(axes, part, height, column, limits)
        _missing(panel[2], part, height)
        for axes in panel:
            axes.set_ylim(-len(names) + 0.4, 0.6)
            axes.set_yticks(-np.arange(len(names)), labels=[])
            axes.yaxis.set_minor_locator(NullLocator())
            axes.grid(axis="y", color="0.9", linewidth=0.6)
        panel[0].set_yticks(-np.arange(len(names)), labels=names, fontsize=10)
    for panel in panels:
        panel[0].axvspan(-SHIFT_BAND, SHIFT_BAND, color="0.88", zorder=0)
        panel[1].axvspan(*RATIO_BAND, color="0.88", zorder=0)
        panel[1].set_xscale("log")
    panels[-1][0].set_xlabel(r"(mean $-$ published) / published $\sigma$")
    panels[-1][1].set_xlabel(r"$\sigma$ / published $\sigma$")
    panels[-1][2].set_xlabel("share of jets without it")
    for panel, part in zip(panels, parts, strict=True):
        if (part["place"] < 0).all():
            panel[2].legend(fontsize=10, loc="upper right")
            continue
        handles, labels = panel[0].get_legend_handles_labels()
        title = f"{part['block'].iloc[0]} number"
        figure.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=10, title=title)
    stamp(panels[0][0], panels[0][-1], sample)
    return figure


def _points(
    axes: Axes, part: pd.DataFrame, height: np.ndarray, column: str, limits: tuple[float, float]
) -> None:
    """Points with errors, one colour per element; what lies outside the limits is a triangle at the edge."""
    axes.set_xlim(*limits)
    for place, colour, offset in _looks(part):
        chosen = (part["place"] == place).to_numpy()
        value, error = (part[name].to_numpy()[chosen] for name in (column, f"{column}_error"))
        y = height[chosen] + offset
        inside = (value >= limits[0]) & (value <= limits[1])
        axes.errorbar(
            value[inside], y[inside], xerr=error[inside], color=colour, marker="o", markersize=3,
            linestyle="none", linewidth=1.0, label=str(place) if place >= 0 else None,
        )  # fmt: skip
        for beyond, edge, marker in ((value < limits[0], 0.01, "<"), (value > limits[1], 0.99, ">")):
            axes.plot(
                np.full(beyond.sum(), edge), y[beyond], color=colour, marker=marker, markersize=5,
                linestyle="none", transform=axes.get_yaxis_transform(),
            )  # fmt: skip


def _missing(axes: Axes, part: pd.DataFrame, height: np.ndarray) -> None:
    """Share of jets without the input: by flavour for a jet's own inputs, by place for those of elements."""
    axes.set_xlim(-0.03, 1.03)
    for place, colour, offset in _looks(part):
        chosen = (part["place"] == place).to_numpy()
        if place < 0:
            for flavour, of_flavour in FLAVOUR_COLOURS.items():
                axes.plot(
                    part[f"missing_{flavour}"], height, color=of_flavour, marker="o", markersize=4,
                    linestyle="none", label=FLAVOUR_LABELS[flavour],
                )  # fmt: skip
        else:
            axes.plot(
                part["missing"][chosen], height[chosen] + offset, color=colour, marker="o",
                markersize=3, linestyle="none",
            )  # fmt: skip


def _looks(part: pd.DataFrame) -> Iterator[tuple[int, Any, float]]:
    """Place, colour and height above the row of each element; of the jet itself one, in the middle."""
    places = sorted(part["place"].unique())
    if places == [-1]:
        yield -1, "black", 0.0
        return
    ramp = mpl.colors.LinearSegmentedColormap.from_list("places", _PLACE_COLOURS)
    for place in places:
        share = place / max(len(places) - 1, 1)
        yield int(place), ramp(share), 0.66 / len(places) * ((len(places) - 1) / 2 - place)
