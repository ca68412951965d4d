"""Tracks and vertices of the simulation by flavour."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from robustag.plotting.style import FLAVOUR_COLOURS, FLAVOUR_LABELS, stamp, styled
from robustag.validation.closure import shapes, vertex_composition, vertex_efficiency
from robustag.validation.vertices import SIGNIFICANT

_ORIGIN_LABELS = {"bottom": "b decay", "charm": "c decay", "primary": "primary", "pile_up": "pile-up"}
# Which vertices count: name in the table, filled marker or open, note in the legend.
_VERTICES = (
    ("any", True, ""),
    ("significant", False, f", flight > {SIGNIFICANT:g} $\\sigma$"),
)
_SHAPES = {
    "tracks_per_jet": ("tracks a jet", "linear", "linear"),
    "d0_significance": (r"lifetime-signed $d_0$ / $\sigma$", "linear", "log"),
    "z0": (r"$z_0$ of tracks [mm]", "linear", "log"),
    "sv_mass": ("secondary-vertex mass [GeV]", "linear", "linear"),
    "sv_tracks": ("tracks of the secondary vertex", "linear", "log"),
    "sv_significance": ("flight significance", "log", "log"),
}
TRACK_SHAPES = ("tracks_per_jet", "d0_significance", "z0")
VERTEX_SHAPES = ("sv_mass", "sv_tracks", "sv_significance")


def tracks_table(histograms: pd.DataFrame) -> pd.DataFrame:
    """Shapes of TRACK_SHAPES by flavour: quantity, flavour, low, high, density, error."""
    return shapes(histograms, list(TRACK_SHAPES))


def vertices_table(histograms: pd.DataFrame) -> pd.DataFrame:
    """Shapes of VERTEX_SHAPES, efficiency against jet pT, and composition by origin.

    Returns quantity, flavour, low, high, value, value_low, value_high, origin.
    """
    shape = shapes(histograms, list(VERTEX_SHAPES))
    shape = shape.assign(
        value=shape["density"],
        value_low=shape["density"] - shape["error"],
        value_high=shape["density"] + shape["error"],
    )
    found = vertex_efficiency(histograms).rename(
        columns={
            "efficiency": "value",
            "efficiency_low": "value_low",
            "efficiency_high": "value_high",
        }
    )
    made_of = vertex_composition(histograms).rename(columns={"per_100_jets": "value"})
    parts = [
        shape,
        found.assign(quantity="efficiency_" + found["vertex"]),
        made_of.assign(quantity="composition"),
    ]
    columns = ["quantity", "flavour", "low", "high", "value", "value_low", "value_high", "origin"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


@styled
def draw_tracks(table: pd.DataFrame, sample: str) -> Figure:
    """Tracks a jet, signed d0 significance and z0 by flavour, each normalised to one.

    Parameters
    ----------
    table : DataFrame
        From `tracks_table`.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(10.0, 4.0))
    panels = figure.subplots(1, len(TRACK_SHAPES))
    for axes, quantity in zip(panels, TRACK_SHAPES, strict=True):
        rows = table[table["quantity"] == quantity]
        low, high = rows["density"] - rows["error"], rows["density"] + rows["error"]
        _shape(axes, rows.assign(value=rows["density"], value_low=low, value_high=high), quantity)
    panels[0].legend()
    stamp(panels[0], panels[-1], sample)
    return figure


@styled
def draw_vertices(table: pd.DataFrame, sample: str) -> Figure:
    """Mass, tracks and flight of vertices by flavour; how often jets have one, and what they are made of.

    Parameters
    ----------
    table : DataFrame
        From `vertices_table`.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(9.0, 11.0))
    panels = figure.subplots(3, 2).ravel()
    for axes, quantity in zip(panels[:3], VERTEX_SHAPES, strict=True):
        _shape(axes, table[table["quantity"] == quantity], quantity)
    for axes, flavours in ((panels[3], ("b", "c")), (panels[4], ("light",))):
        for flavour, (vertex, fill, note) in product(flavours, _VERTICES):
            rows = table[(table["quantity"] == f"efficiency_{vertex}") & (table["flavour"] == flavour)]
            middle, half = 0.5 * (rows["low"] + rows["high"]), 0.5 * (rows["high"] - rows["low"])
            error = [rows["value"] - rows["value_low"], rows["value_high"] - rows["value"]]
            axes.errorbar(
                middle, rows["value"], xerr=half, yerr=np.nan_to_num(error), marker="o", linestyle="none",
                color=FLAVOUR_COLOURS[flavour], markerfacecolor=FLAVOUR_COLOURS[flavour] if fill else "white",
                label=f"{FLAVOUR_LABELS[flavour]}{note}",
            )  # fmt: skip
        axes.set_xlabel(r"jet $p_T$ [GeV]")
        axes.set_ylim(bottom=0.0)
    panels[3].set_ylabel("vertex-finding efficiency")
    panels[3].set_ylim(0.0, 1.39)
    panels[3].legend(ncols=2, fontsize=9, handlelength=1.2, columnspacing=1.0)
    panels[4].set_ylabel("light jets with a vertex")
    panels[4].legend(loc="upper left")
    _composition(panels[5], table[table["quantity"] == "composition"])
    panels[0].legend()
    stamp(panels[0], panels[1], sample)
    return figure


def _shape(axes: Axes, rows: pd.DataFrame, quantity: str) -> None:
    """Steps with error bands, one colour a flavour; empty bins stay empty."""
    label, x_scale, y_scale = _SHAPES[quantity]
    for flavour, colour in FLAVOUR_COLOURS.items():
        bins = rows[rows["flavour"] == flavour]
        if bins.empty:
            continue
        edges = np.append(bins["low"].to_numpy(), bins["high"].to_numpy()[-1])
        axes.stairs(bins["value"], edges, color=colour, linewidth=1.6, label=FLAVOUR_LABELS[flavour])
        axes.stairs(
            bins["value_high"], edges, baseline=bins["value_low"].to_numpy(), fill=True, color=colour,
            alpha=0.25, linewidth=0,
        )  # fmt: skip
    filled = rows.loc[rows["value"] > 0.0, "value"]
    top = filled.max() if len(filled) else 1.0
    axes.set_ylim(
        (0.5 * filled.min() if len(filled) else 0.1, 4.0 * top) if y_scale == "log" else (0.0, 1.25 * top)
    )
    axes.set_xlim(rows["low"].min(), rows["high"].max())
    axes.set_xscale(x_scale)
    axes.set_yscale(y_scale)
    axes.set_xlabel(label)
    axes.set_ylabel("density")


def _composition(axes: Axes, rows: pd.DataFrame) -> None:
    """Vertices in 100 jets by the origin of most of their tracks, a bar a flavour; log scale."""
    origins = list(dict.fromkeys(rows["origin"]))
    place = np.arange(len(origins))
    for shift, (flavour, colour) in zip((-0.27, 0.0, 0.27), FLAVOUR_COLOURS.items(), strict=True):
        value = rows[rows["flavour"] == flavour].set_index("origin").loc[origins, "value"]
        axes.bar(place + shift, value, width=0.27, color=colour, label=FLAVOUR_LABELS[flavour])
    axes.set_ylim(0.01, 400.0)
    axes.set_yscale("log")
    axes.set_xticks(place, labels=[_ORIGIN_LABELS.get(name, name) for name in origins], rotation=30)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("vertices in 100 jets")
    axes.set_xlabel("origin of most of their tracks")
