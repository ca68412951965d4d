"""Inputs of all flavours together, raw and perturbed at every epsilon: what a one-dimensional check sees."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustag.attacks.labels import perturbation_label
from robustag.evaluation.reading import pick
from robustag.plotting.columns import in_front
from robustag.plotting.shapes.ratios import draw_ratios
from robustag.plotting.style import TRUSTED_COUNT, epsilon_colours, stamp, styled

_ZOOM = 0.8  # of the raw jets are in the linear panel


def input_table(
    histograms: pd.DataFrame, model: str, perturbation: str, inputs: Sequence[str]
) -> pd.DataFrame:
    """Inputs of one model's jets, all flavours and seeds added, at every epsilon.

    Returns
    -------
    DataFrame
        Columns model, perturbation, quantity, epsilon, low, high, ``count`` (mean over seeds), ``share`` of
        the raw jets in the histogram's range, ``ratio`` to raw (both NaN without raw jets) and
        ``ratio_spread``, its standard deviation over seeds (0 for one seed).
    """
    parts = []
    for quantity in inputs:
        rows = pick(histograms, "histograms", model=model, perturbation=perturbation, quantity=quantity)
        by_seed = rows.groupby(["epsilon", "low", "high", "seed"])["count"].sum().unstack("seed")
        raw = by_seed.xs(0.0, level="epsilon")
        jets = raw.mean(axis=1).sum()
        for epsilon, counts in by_seed.groupby(level="epsilon"):
            counts = counts.droplevel("epsilon")
            ratios = counts / raw.where(raw > 0)
            part = pd.DataFrame(
                {
                    "count": counts.mean(axis=1),
                    "share": counts.mean(axis=1) / (jets if jets > 0 else np.nan),
                    "ratio": ratios.mean(axis=1),
                    "ratio_spread": ratios.std(axis=1, ddof=1).fillna(0.0),
                }
            ).reset_index()
            front = {"model": model, "perturbation": perturbation, "quantity": quantity, "epsilon": epsilon}
            parts.append(in_front(part, **front))
    return pd.concat(parts, ignore_index=True)


@styled
def draw_inputs(table: pd.DataFrame, labels: Mapping[str, str], title: str, sample: str) -> Figure:
    """A row an input: the whole range on a logarithmic scale, its bulk on a linear one, ratios to raw.

    Parameters
    ----------
    table : DataFrame
        From `input_table`.
    labels : mapping
        Axis label of each input, in order.
    title : str
        Which model is attacked.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(9.0, 1.6 + 3.0 * len(labels)))
    panels = figure.subplots(2 * len(labels), 2, squeeze=False, height_ratios=[2.0, 1.0] * len(labels))
    colours = epsilon_colours(table["epsilon"].unique())
    for row, (quantity, label) in enumerate(labels.items()):
        shown = pick(table, "inputs", quantity=quantity)
        cells = panels[2 * row : 2 * row + 2]
        for shares, ratios in cells.T:
            ratios.sharex(shares)
            _draw_shares(shares, ratios, shown, colours)
            shares.tick_params(labelbottom=False)
            ratios.set_xlabel(label)
        cells[0, 0].set_ylabel("share of jets per bin", fontsize=12)
        cells[1, 0].set_ylabel("ratio to raw", loc="center", fontsize=12)
        raw = pick(shown, "inputs", epsilon=0.0)
        filled = raw[raw["share"] > 0]
        if filled.empty:
            continue
        whole, bulk = cells[0]
        whole.set_xlim(filled["low"].min(), filled["high"].max())
        whole.set_yscale("log")
        whole.set_ylim(0.5 * filled["share"].min(), 6 * shown["share"].max())
        bulk.set_xlim(*_bulk(raw))
        bulk.set_ylim(0.0, 1.25 * shown["share"].max())
    first, last = panels[0]
    first.text(0.97, 0.95, title, transform=first.transAxes, va="top", ha="right", fontweight="bold")
    perturbation = perturbation_label(table["perturbation"].iloc[0])
    handles, names = first.get_legend_handles_labels()
    figure.legend(handles, names, title=perturbation, loc="outside lower center", ncols=3)
    stamp(first, last, sample)
    return figure


def _draw_shares(shares: Axes, ratios: Axes, table: pd.DataFrame, colours: Mapping[float, object]) -> None:
    # Of every strength the same bins, in the same order.
    trusted = pick(table, "inputs", epsilon=0.0)["count"].to_numpy() >= TRUSTED_COUNT
    well_filled = {epsilon: rows[trusted] for epsilon, rows in table.groupby("epsilon") if epsilon > 0}
    departures = [np.abs(rows["ratio"] - 1).max() for rows in well_filled.values() if len(rows)]
    reach = min(1.1 * max([0.05, *departures]), 1.0)
    ratios.set_ylim(1 - reach, 1 + reach)
    ratios.axhline(1.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    for epsilon, rows in table.groupby("epsilon"):
        edges = np.append(rows["low"].to_numpy(), rows["high"].iloc[-1])
        if epsilon == 0:
            shares.stairs(rows["share"], edges, fill=True, color=colours[epsilon], alpha=0.2, label="raw")
            continue
        shares.stairs(
            rows["share"], edges, color=colours[epsilon], linewidth=1.4, label=rf"$\varepsilon$ = {epsilon:g}"
        )
        draw_ratios(ratios, well_filled[epsilon], colours[epsilon])


def _bulk(raw: pd.DataFrame) -> tuple[float, float]:
    """The range of bins in which the middle of the raw jets lies, widened by a bin on each side."""
    below = raw["share"].cumsum().to_numpy()
    first = int(np.searchsorted(below, (1 - _ZOOM) / 2))
    last = min(int(np.searchsorted(below, (1 + _ZOOM) / 2)) + 1, len(raw) - 1)
    return raw["low"].iloc[max(first - 1, 0)], raw["high"].iloc[last]
