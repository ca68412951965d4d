"""The simulation beside its own truth: resolutions, pulls and lifetimes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from scipy.stats import norm

from robustag.plotting.style import stamp, styled
from robustag.validation.closure import PULL_WINDOW, lifetimes, pulls, resolutions
from robustag.validation.histograms import ALL, pick_histogram
from robustag.validation.lifetime import HADRONS
from robustag.validation.tracks import ETA_PT

_QUANTITIES = {
    "d0": (r"$\sigma(d_0)$ [$\mu$m]", 1000.0),
    "z0": (r"$\sigma(z_0)$ [$\mu$m]", 1000.0),
    "qoverp": (r"$\sigma(q/p)\,p$ [%]", 100.0),
}
_PULLS = {
    "d0_pull": r"$d_0$: (measured $-$ true) / $\sigma$",
    "z0_pull": r"$z_0$: (measured $-$ true) / $\sigma$",
}
_HADRON_LABELS = {
    "B+": r"$B^+$", "B0": r"$B^0$", "Bs": r"$B_s$", "Lambda_b": r"$\Lambda_b$", ALL: "all",
}  # fmt: skip
_HADRON_COLOURS = {"B+": "#0072B2", "B0": "#D55E00", "Bs": "#009E73", "Lambda_b": "#CC79A7", ALL: "black"}
_CT_STYLES = {
    "ct_true": ("all hadrons, truth", "black", "o"),
    "ct_matched": ("with a vertex, truth", "#0072B2", "s"),
    "ct_vertex": ("with a vertex, flight of the vertex", "#D55E00", "^"),
}


def resolution_table(histograms: pd.DataFrame) -> pd.DataFrame:
    """Resolutions, pull histograms and their fits in one tidy table.

    Returns kind ("resolution", "pull", "fit_mean", "fit_width", "beyond_3"), quantity, slice, low, high,
    value, error, expected, entries.
    """
    parts = [resolutions(histograms).assign(kind="resolution").rename(columns={"resolution": "value"})]
    for fit in pulls(histograms).itertuples():
        bins = pick_histogram(histograms, fit.quantity)
        scale = 1.0 / (max(fit.entries, 1) * (bins["high"] - bins["low"]))
        density = bins.assign(kind="pull", value=bins["count"] * scale, error=np.sqrt(bins["count"]) * scale)
        parts.append(density[np.isfinite(scale) & (scale > 0.0)].rename(columns={"count": "entries"}))
        numbers = {
            "fit_mean": (fit.mean, fit.mean_error),
            "fit_width": (fit.width, fit.width_error),
            "beyond_3": (fit.beyond_3, np.nan),
        }
        parts.append(
            pd.DataFrame(
                [(kind, fit.quantity, value, error, fit.entries) for kind, (value, error) in numbers.items()],
                columns=["kind", "quantity", "value", "error", "entries"],
            )
        )
    columns = ["kind", "quantity", "slice", "low", "high", "value", "error", "expected", "entries"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


def lifetime_table(histograms: pd.DataFrame) -> pd.DataFrame:
    """Histograms of proper decay lengths and the slopes fitted to them.

    Returns kind ("histogram" or "fit"), quantity, hadron, low, high [mm] (of the bin or of the fit), entries,
    ctau, ctau_error, pdg [mm], ratio.
    """
    shown = histograms[histograms["quantity"].str.startswith("ct_") & np.isfinite(histograms["high"])]
    shown = shown[np.isfinite(shown["low"])].rename(columns={"flavour": "hadron", "count": "entries"})
    fits = lifetimes(histograms).rename(columns={"from": "low", "to": "high"})
    columns = ["kind", "quantity", "hadron", "low", "high", "entries", "ctau", "ctau_error", "pdg", "ratio"]
    both = [shown.assign(kind="histogram"), fits.assign(kind="fit")]
    return pd.concat(both, ignore_index=True).reindex(columns=columns)


@styled
def draw_resolution(table: pd.DataFrame, sample: str) -> Figure:
    """Resolution of d0, z0 and q/p against pT and |eta|, measured and as reported; pulls with their fits.

    Parameters
    ----------
    table : DataFrame
        From `resolution_table`.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(9.0, 13.0))
    panels = figure.subplots(len(_QUANTITIES) + 1, 2)
    resolution = table[table["kind"] == "resolution"]
    for row, (quantity, (label, unit)) in zip(panels, _QUANTITIES.items(), strict=False):
        for axes, slice_name in zip(row, ("pt", "eta"), strict=True):
            rows = resolution[(resolution["quantity"] == quantity) & (resolution["slice"] == slice_name)]
            _resolution(axes, rows, unit)
            axes.set_ylabel(label)
        row[0].set_xscale("log")
        row[0].set_xlabel(r"track $p_T$ [GeV]")
        row[1].set_xlabel(r"track $|\eta|$")
        for axes in row:
            axes.set_ylim(0.0, 1.1 * axes.get_ylim()[1])
        note = f"{ETA_PT[0]:g} < $p_T$ < {ETA_PT[1]:g} GeV"
        row[1].text(0.05, 0.93, note, transform=row[1].transAxes, va="top")
    panels[0][0].set_ylim(5.0, 500.0)
    panels[0][0].set_yscale("log")
    panels[0][0].legend()
    for axes, (quantity, label) in zip(panels[-1], _PULLS.items(), strict=True):
        _pull(axes, table[table["quantity"] == quantity])
        axes.set_xlabel(label)
    stamp(panels[0][0], panels[0][-1], sample)
    return figure


def _resolution(axes: Axes, rows: pd.DataFrame, unit: float) -> None:
    """Points: half the central 68 % of measured minus true; line: the same as the covariances expect it."""
    middle, half = 0.5 * (rows["low"] + rows["high"]), 0.5 * (rows["high"] - rows["low"])
    edges = np.append(rows["low"].to_numpy(), rows["high"].to_numpy()[-1])
    axes.stairs(
        rows["expected"] * unit, edges, baseline=None, color="#D55E00", label="expected from covariance"
    )
    axes.errorbar(
        middle,
        rows["value"] * unit,
        xerr=half,
        yerr=rows["error"] * unit,
        color="black",
        marker="o",
        linestyle="none",
        label="measured $-$ true, 68 %",
    )


def _pull(axes: Axes, rows: pd.DataFrame) -> None:
    """Density of a pull, log scale, with the Gaussian fitted to its core."""
    bins = rows[rows["kind"] == "pull"]
    numbers = rows.set_index("kind")[["value", "error"]]
    middle = 0.5 * (bins["low"] + bins["high"])
    axes.errorbar(middle, bins["value"], yerr=bins["error"], color="black", marker=".", linestyle="none")
    mean, width = numbers.loc["fit_mean"], numbers.loc["fit_width"]
    core = (bins["low"] >= -PULL_WINDOW - 1e-9) & (bins["high"] <= PULL_WINDOW + 1e-9)
    share = (bins["value"] * (bins["high"] - bins["low"]))[core].sum()
    inside = np.diff(norm.cdf((np.array([-PULL_WINDOW, PULL_WINDOW]) - mean["value"]) / width["value"]))[0]
    grid = np.linspace(-5.0, 5.0, 201)
    axes.plot(
        grid, share / inside * norm.pdf(grid, mean["value"], width["value"]), color="#D55E00", linewidth=1.4
    )
    axes.set_xlim(-5.0, 5.0)
    axes.set_ylim(3e-6, 400.0)
    axes.set_yscale("log")
    axes.set_ylabel("density")
    text = (
        f"primary tracks, core within $\\pm${PULL_WINDOW:g}\n"
        f"mean {mean['value']:.3f} $\\pm$ {mean['error']:.3f}\n"
        f"width {width['value']:.3f} $\\pm$ {width['error']:.3f}\n"
        f"beyond 3: {100.0 * numbers.loc['beyond_3', 'value']:.2f} %"
    )
    axes.text(0.05, 0.96, text, transform=axes.transAxes, va="top", fontsize=11)


@styled
def draw_lifetime(table: pd.DataFrame, sample: str) -> Figure:
    """Proper decay lengths by hadron, as flight of vertices, and slopes beside the world average.

    Parameters
    ----------
    table : DataFrame
        From `lifetime_table`.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(9.0, 8.4))
    panels = list(figure.subplot_mosaic([["hadrons", "vertices"], ["ratios", "ratios"]]).values())
    for hadron in HADRONS.values():
        _decay(panels[0], table, "ct_true", hadron, _HADRON_COLOURS[hadron], "o", _HADRON_LABELS[hadron])
    for quantity, (label, colour, marker) in list(_CT_STYLES.items())[1:]:
        _decay(panels[1], table, quantity, ALL, colour, marker, label)
    for axes in panels[:2]:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
        axes.set_xlim(0.0, 4.0)
        axes.set_xlabel(r"$L\,m / p$ [mm]")
        axes.set_ylabel("b hadrons")
        axes.legend(fontsize=10)
    _ratios(panels[2], table[table["kind"] == "fit"])
    stamp(panels[0], panels[1], sample)
    return figure


def _decay(
    axes: Axes, table: pd.DataFrame, quantity: str, hadron: str, colour: str, marker: str, label: str
) -> None:
    """Counts of one decay length with the exponential fitted to them, over the range of the fit."""
    rows = table[(table["quantity"] == quantity) & (table["hadron"] == hadron)]
    bins, fit = rows[rows["kind"] == "histogram"], rows[rows["kind"] == "fit"].iloc[0]
    bins = bins[bins["entries"] > 0]
    middle = 0.5 * (bins["low"] + bins["high"])
    axes.errorbar(
        middle, bins["entries"], yerr=np.sqrt(bins["entries"]), color=colour, marker=marker, markersize=3,
        linestyle="none", linewidth=1.0, label=label,
    )  # fmt: skip
    if np.isfinite(fit["ctau"]):
        width = (bins["high"] - bins["low"]).iloc[0]
        grid = np.linspace(fit["low"], fit["high"], 101)
        decays = np.exp(-(grid - fit["low"]) / fit["ctau"])
        scale = fit["entries"] * width / (fit["ctau"] * (1.0 - decays[-1]))
        axes.plot(grid, scale * decays, color=colour, linewidth=1.2)


def _ratios(axes: Axes, fits: pd.DataFrame) -> None:
    """Fitted over published c tau of each hadron and of all, one marker a way to measure it."""
    hadrons = [*HADRONS.values(), ALL]
    place = np.arange(len(hadrons))
    for shift, (quantity, (label, colour, marker)) in zip((-0.2, 0.0, 0.2), _CT_STYLES.items(), strict=True):
        rows = fits[fits["quantity"] == quantity].set_index("hadron").loc[hadrons]
        axes.errorbar(
            place + shift, rows["ratio"], yerr=rows["ctau_error"] / rows["pdg"], color=colour, marker=marker,
            linestyle="none", capsize=2, label=label,
        )  # fmt: skip
    axes.axhline(1.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    axes.set_xticks(place, labels=[_HADRON_LABELS[hadron] for hadron in hadrons])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(-0.6, len(hadrons) - 0.4)
    axes.set_ylim(0.6, 1.6)
    axes.set_ylabel(r"fitted $c\tau$ / world average")
    axes.legend(fontsize=10)
