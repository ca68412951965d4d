"""Data over stacked simulation, with their ratio."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from robustag.classes import CLASSES
from robustag.evaluation.reading import COMPARED_FLAVOURS, DATA, OTHER, pick
from robustag.plotting.columns import in_front
from robustag.plotting.options import Pair
from robustag.plotting.shapes.ratios import draw_ratios
from robustag.plotting.style import (
    FLAVOUR_COLOURS,
    FLAVOUR_LABELS,
    ROLES,
    TRUSTED_COUNT,
    legend_below,
    stamp,
    styled,
)

_COLOURS = {**FLAVOUR_COLOURS, OTHER: "#DDCC77"}
_LABELS = {**FLAVOUR_LABELS, OTHER: "other jets"}
#: What stands over figures that show data.
STAMP = "Data and simulation"


def data_table(histograms: pd.DataFrame, quantity: str, model: str = "") -> pd.DataFrame:
    """Data and simulation in bins of one quantity, all bins of pT together, averaged over seeds.

    Parameters
    ----------
    histograms : DataFrame
        The collected table of `robustag.evaluation.agreement.compare`.
    quantity : str
        A discriminator or an input.
    model : str
        Whose discriminator; empty for an input.

    Returns
    -------
    DataFrame
        Columns quantity, low, high (NaN: jets whose value is missing or out of range); ``data``, jets; those
        of each flavour, simulated and scaled; ``simulation``, their sum; ``data_error`` and
        ``simulation_error``, statistical; ``ratio`` of data to simulation, ``ratio_spread``, its error from
        data, and ``band``, that from simulation, all NaN without simulated jets.
    """
    rows = pick(histograms, "data_histograms", model=model, quantity=quantity)
    bins = ["low", "high", "flavour"]
    summed = rows.groupby([*bins, "seed"], dropna=False)[["count", "variance"]].sum()
    mean = summed.groupby(level=bins, dropna=False).mean().unstack("flavour")
    count, variance = mean["count"], mean["variance"]
    simulation = count[list(COMPARED_FLAVOURS)].sum(axis=1)
    there = simulation.where(simulation > 0)
    errors = np.sqrt(variance[DATA]), np.sqrt(variance[list(COMPARED_FLAVOURS)].sum(axis=1))
    table = count[[DATA, *COMPARED_FLAVOURS]].assign(
        simulation=simulation,
        data_error=errors[0],
        simulation_error=errors[1],
        ratio=count[DATA] / there,
        ratio_spread=errors[0] / there,
        band=errors[1] / there,
    )
    return in_front(table.rename_axis(columns=None).reset_index(), quantity=quantity)


def paired_data_table(histograms: pd.DataFrame, quantities: Sequence[str], pair: Pair) -> pd.DataFrame:
    """`data_table` of some discriminators of both models of a pair, after the columns arm and role."""
    return pd.concat(
        [
            in_front(data_table(histograms, name, pair.model(role)), arm=pair.label, role=role)
            for name in quantities
            for role in ROLES
        ],
        ignore_index=True,
    )


@styled
def draw_data_discriminators(table: pd.DataFrame, labels: Mapping[str, str], sample: str) -> Figure:
    """A row a discriminator, nominal beside adversarial.

    Parameters
    ----------
    table : DataFrame
        From `paired_data_table`.
    labels : mapping
        What stands under the panels of each discriminator, in order.
    sample : str
        What was simulated.
    """
    cells = [
        (pick(table, "data", quantity=name, role=role), label)
        for name, label in labels.items()
        for role in ROLES
    ]
    titles = [f"{table['arm'].iloc[0]} arm, {role} training" for role in ROLES]
    return _draw(cells, titles, sample)


@styled
def draw_data_inputs(table: pd.DataFrame, labels: Mapping[str, str], sample: str) -> Figure:
    """Two inputs a row.

    Parameters
    ----------
    table : DataFrame
        From `data_table`, for one or more inputs.
    labels : mapping
        What stands under the panel of each input, with its unit, in order.
    sample : str
        What was simulated.
    """
    cells = [(pick(table, "data", quantity=name), label) for name, label in labels.items()]
    return _draw(cells, [], sample)


def _draw(cells: Sequence[tuple[pd.DataFrame, str]], titles: Sequence[str], sample: str) -> Figure:
    rows = -(-len(cells) // 2)
    figure = Figure(figsize=(9.0, 1.6 + 3.2 * rows))
    panels = figure.subplots(2 * rows, 2, squeeze=False, height_ratios=[2.0, 1.0] * rows)
    for number in range(2 * rows):
        shapes, ratios = panels[2 * (number // 2) : 2 * (number // 2) + 2, number % 2]
        if number >= len(cells):
            shapes.set_axis_off()
            ratios.set_axis_off()
            continue
        table, label = cells[number]
        _draw_cell(shapes, ratios, table)
        ratios.sharex(shapes)
        shapes.tick_params(labelbottom=False)
        ratios.set_xlabel(label)
        if number % 2 == 0:
            shapes.set_ylabel("jets per bin", fontsize=12)
            ratios.set_ylabel("data / sim.", fontsize=12, loc="center")
    for axes, title in zip(panels[0], titles, strict=False):
        axes.text(0.5, 0.95, title, transform=axes.transAxes, va="top", ha="center", fontweight="bold")
    handles = [
        Line2D([], [], color="black", marker="o", markersize=3, linestyle="none", label="data"),
        *(Patch(color=_COLOURS[flavour], label=_LABELS[flavour]) for flavour in COMPARED_FLAVOURS),
        Patch(color="0.8", label="error of simulation"),
    ]
    legend_below(figure, handles, 6)
    stamp(panels[0, 0], panels[0, -1], sample, STAMP)
    return figure


def _draw_cell(shapes: Axes, ratios: Axes, table: pd.DataFrame) -> None:
    rows = table.dropna(subset="low")
    edges = np.append(rows["low"].to_numpy(), rows["high"].iloc[-1])
    below = np.zeros(len(rows))
    for flavour in (OTHER, *reversed(CLASSES)):
        above = below + rows[flavour].to_numpy()
        shapes.stairs(above, edges, baseline=below, fill=True, color=_COLOURS[flavour])
        below = above
    there = rows[rows["data"] > 0]
    shapes.errorbar(
        (there["low"] + there["high"]) / 2,
        there["data"],
        yerr=there["data_error"],
        color="black",
        marker="o",
        markersize=2.5,
        linestyle="none",
        elinewidth=1,
    )
    filled = rows[["data", "simulation"]].where(rows[["data", "simulation"]] > 0)
    if filled.notna().any(axis=None):
        shapes.set_yscale("log")
        # Room for the title, and for what stands in no bin.
        shapes.set_ylim(max(0.5, 0.5 * filled.min(axis=None)), 30 * filled.max(axis=None))
    shapes.set_xlim(edges[0], edges[-1])
    _note_elsewhere(shapes, table)
    trusted = rows[rows["data"] >= TRUSTED_COUNT]
    departure = (trusted["ratio"] - 1).abs().max() if len(trusted) else 0.0
    reach = min(max(0.1, 1.3 * departure), 1.0)
    ratios.set_ylim(1 - reach, 1 + reach)
    ratios.stairs(
        (1 + rows["band"]).fillna(1.0),
        edges,
        baseline=(1 - rows["band"]).fillna(1.0),
        fill=True,
        color="0.8",
    )
    ratios.axhline(1.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    draw_ratios(ratios, trusted, "black")


def _note_elsewhere(axes: Axes, table: pd.DataFrame) -> None:
    """Write how many jets are in no bin."""
    share = table.loc[table["low"].isna(), [DATA, "simulation"]].sum() / table[[DATA, "simulation"]].sum()
    if share.any():
        words = f"no value here: {share[DATA]:.1%} (simulation {share['simulation']:.1%})"
        axes.text(0.97, 0.95, words, transform=axes.transAxes, va="top", ha="right", fontsize=10)
