"""Jets by pT and eta, before and after the weights of the training, and the weights themselves."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from robustag.classes import CLASSES
from robustag.evaluation.reading import pick
from robustag.plotting.style import FLAVOUR_COLOURS, FLAVOUR_LABELS, stamp, styled
from robustag.tensors.weights import WeightMap

_VARIABLES = {"pt": r"jet $p_T$ [GeV]", "eta": r"jet $\eta$"}
_WIDTHS = {"b": 6.0, "c": 3.5, "light": 1.2}


def weight_table(weights: WeightMap) -> pd.DataFrame:
    """Columns flavour, pt_low, pt_high (GeV), eta_low, eta_high, ``jets`` (training) and ``weight``."""
    flavour, pt, eta = np.indices(weights.jets.shape).reshape(3, -1)
    return pd.DataFrame(
        {
            "flavour": np.array(CLASSES)[flavour],
            "pt_low": weights.pt_edges[pt],
            "pt_high": weights.pt_edges[pt + 1],
            "eta_low": weights.eta_edges[eta],
            "eta_high": weights.eta_edges[eta + 1],
            "jets": weights.jets.ravel(),
            "weight": weights.weight.ravel(),
        }
    )


def spectrum_table(weights: pd.DataFrame) -> pd.DataFrame:
    """Training jets of each flavour in bins of pT and of eta.

    Parameters
    ----------
    weights : DataFrame
        From `weight_table`.

    Returns
    -------
    DataFrame
        Columns variable (pt, eta), flavour, low, high, ``jets`` and ``weighted``, their sum of weights.
    """
    weighted = weights.assign(weighted=weights["jets"] * weights["weight"])
    parts = []
    for variable in _VARIABLES:
        edges = {f"{variable}_low": "low", f"{variable}_high": "high"}
        sums = weighted.groupby(["flavour", *edges])[["jets", "weighted"]].sum().reset_index()
        parts.append(sums.rename(columns=edges).assign(variable=variable))
    return pd.concat(parts, ignore_index=True)


@styled
def draw_spectra(table: pd.DataFrame, sample: str) -> Figure:
    """Densities of training jets in pT and eta, without weights (dashed) and with them (solid).

    Parameters
    ----------
    table : DataFrame
        From `spectrum_table`.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(9.0, 5.0))
    panels = figure.subplots(1, len(_VARIABLES))
    for axes, (variable, label) in zip(panels, _VARIABLES.items(), strict=True):
        for flavour, colour in FLAVOUR_COLOURS.items():
            rows = pick(table, "spectra", variable=variable, flavour=flavour)
            edges = np.append(rows["low"].to_numpy(), rows["high"].iloc[-1])
            for column, look, name in (
                ("jets", {"linestyle": (0, (4, 2)), "linewidth": 1.8}, "unweighted"),
                # The weighted spectra agree: narrower lines leave the wider ones visible.
                ("weighted", {"linewidth": _WIDTHS[flavour]}, "weighted"),
            ):
                axes.stairs(
                    rows[column] / np.diff(edges),
                    edges,
                    color=colour,
                    # Without an edge from the ends down to zero.
                    baseline=None,
                    label=f"{FLAVOUR_LABELS[flavour]}, {name}",
                    **look,
                )
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(label)
    _momentum_axis(panels[0])
    panels[0].set_yscale("log")
    panels[1].set_ylim(bottom=0.0)
    panels[0].set_ylabel("training jets / GeV")
    panels[1].set_ylabel("training jets / unit")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(FLAVOUR_COLOURS))
    stamp(panels[0], panels[-1], sample)
    return figure


@styled
def draw_weights(table: pd.DataFrame, sample: str) -> Figure:
    """The weight of each flavour over pT and eta; white where no training jet is.

    Parameters
    ----------
    table : DataFrame
        From `weight_table`.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(9.5, 3.8))
    panels = figure.subplots(1, len(CLASSES), sharex=True, sharey=True)
    positive = table.loc[table["weight"] > 0, "weight"]
    scale = LogNorm(positive.min(), positive.max())
    for axes, flavour in zip(panels, CLASSES, strict=True):
        rows = pick(table, "weights", flavour=flavour)
        grid = rows.pivot(index="eta_low", columns="pt_low", values="weight")
        pt, eta = (
            np.append(grid_edges, rows[f"{name}_high"].max())
            for name, grid_edges in (("pt", grid.columns), ("eta", grid.index))
        )
        image = axes.pcolormesh(pt, eta, grid.where(grid > 0), norm=scale, cmap="cividis")
        axes.set_xlabel(_VARIABLES["pt"])
        axes.text(
            0.95,
            0.94,
            FLAVOUR_LABELS[flavour],
            transform=axes.transAxes,
            ha="right",
            va="top",
            fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none"},
        )
    _momentum_axis(panels[0])
    panels[0].set_ylabel(_VARIABLES["eta"])
    bar = figure.colorbar(image, ax=panels, label="weight of a training jet", format="{x:g}")
    bar.ax.yaxis.set_minor_formatter("{x:g}")
    stamp(panels[0], panels[-1], sample)
    return figure


def _momentum_axis(axes: Axes) -> None:
    """A logarithmic pT axis with the numbers that people use."""
    axes.set_xscale("log")
    axes.set_xticks([20, 50, 100, 200, 500], labels=["20", "50", "100", "200", "500"])
    axes.xaxis.set_minor_formatter(NullFormatter())
