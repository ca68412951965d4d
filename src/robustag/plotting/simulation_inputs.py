"""The inputs of the simulation beside those of the public data set."""

from __future__ import annotations

import re

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
_TRACK_COLOURS = ("#08306b", "#2166ac", "#4393c3", "#80b1d3", "#c6a56b", "#b35806")


def inputs_table(validation: pd.DataFrame) -> pd.DataFrame:
    """What the overview shows of the validation table, with each input's variable and track number.

    Returns input, variable, track (-1 for a jet's own input), mean_shift, mean_shift_error, sigma_ratio,
    sigma_ratio_error, missing, missing_b, missing_c, missing_light.
    """
    parsed = [re.fullmatch(r"track_(\d+)_([A-Z].*|weight|vertex_.*)", name) for name in validation["input"]]
    columns = ["mean_shift", "mean_shift_error", "sigma_ratio", "sigma_ratio_error"]
    columns += ["missing", "missing_b", "missing_c", "missing_light"]
    return pd.DataFrame(
        {
            "input": validation["input"],
            "variable": [
                found[2] if found else name for found, name in zip(parsed, validation["input"], strict=True)
            ],
            "track": [int(found[1]) if found else -1 for found in parsed],
            **{name: validation[name] for name in columns},
        }
    )


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
    jets, tracks = table[table["track"] < 0], table[table["track"] >= 0]
    rows = [list(dict.fromkeys(part["variable"])) for part in (jets, tracks)]
    figure = Figure(figsize=(12.5, 0.27 * (len(rows[0]) + len(rows[1])) + 2.2))
    panels = figure.subplots(2, 3, sharex="col", height_ratios=[len(row) for row in rows])
    for panel, part, names in zip(panels, (jets, tracks), rows, strict=True):
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
        panel[0].set_yticks(-np.arange(len(names)), labels=names, fontsize=9)
    for panel in panels:
        panel[0].axvspan(-SHIFT_BAND, SHIFT_BAND, color="0.88", zorder=0)
        panel[1].axvspan(*RATIO_BAND, color="0.88", zorder=0)
        panel[1].set_xscale("log")
    panels[1][0].set_xlabel(r"(mean $-$ published) / published $\sigma$")
    panels[1][1].set_xlabel(r"$\sigma$ / published $\sigma$")
    panels[1][2].set_xlabel("share of jets without it")
    panels[0][2].legend(fontsize=9, loc="upper right")
    handles, labels = panels[1][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=9, title="track number")
    stamp(panels[0][0], panels[0][-1], sample)
    return figure


def _points(
    axes: Axes, part: pd.DataFrame, height: np.ndarray, column: str, limits: tuple[float, float]
) -> None:
    """Points with errors, one colour a track; what lies outside the limits is a triangle at the edge."""
    axes.set_xlim(*limits)
    for track in sorted(part["track"].unique()):
        chosen = (part["track"] == track).to_numpy()
        colour = _TRACK_COLOURS[track] if track >= 0 else "black"
        offset = 0.11 * (2.5 - track) if track >= 0 else 0.0
        value, error = (part[name].to_numpy()[chosen] for name in (column, f"{column}_error"))
        y = height[chosen] + offset
        inside = (value >= limits[0]) & (value <= limits[1])
        axes.errorbar(
            value[inside], y[inside], xerr=error[inside], color=colour, marker="o", markersize=3,
            linestyle="none", linewidth=1.0, label=str(track) if track >= 0 else None,
        )  # fmt: skip
        for beyond, place, marker in ((value < limits[0], 0.01, "<"), (value > limits[1], 0.99, ">")):
            axes.plot(
                np.full(beyond.sum(), place), y[beyond], color=colour, marker=marker, markersize=5,
                linestyle="none", transform=axes.get_yaxis_transform(),
            )  # fmt: skip


def _missing(axes: Axes, part: pd.DataFrame, height: np.ndarray) -> None:
    """Share of jets without the input: by flavour for a jet's own inputs, by track number for tracks."""
    axes.set_xlim(-0.03, 1.03)
    for track in sorted(part["track"].unique()):
        chosen = (part["track"] == track).to_numpy()
        if track < 0:
            for flavour, colour in FLAVOUR_COLOURS.items():
                axes.plot(
                    part[f"missing_{flavour}"], height, color=colour, marker="o", markersize=4,
                    linestyle="none", label=FLAVOUR_LABELS[flavour],
                )  # fmt: skip
        else:
            offset = 0.11 * (2.5 - track)
            axes.plot(
                part["missing"][chosen], height[chosen] + offset, color=_TRACK_COLOURS[track], marker="o",
                markersize=3, linestyle="none",
            )  # fmt: skip
