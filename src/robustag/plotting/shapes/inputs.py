"""Inputs of all flavours together, raw and perturbed at every epsilon: what a one-dimensional check sees."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustag.attacks.labels import perturbation_label
from robustag.evaluation.reading import pick
from robustag.plotting.columns import in_front
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
    """A column an input: the whole range on a logarithmic scale, its bulk on a linear one, ratios to raw.

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
    figure = Figure(figsize=(1.0 + 4.2 * len(labels), 10.2))
    panels = figure.subplots(4, len(labels), squeeze=False, height_ratios=(2, 1, 2, 1))
    colours = epsilon_colours(table["epsilon"].unique())
    for column, (quantity, label) in enumerate(labels.items()):
        shown = pick(table, "inputs", quantity=quantity)
        for shares, ratios in (panels[:2, column], panels[2:, column]):
            _draw_shares(shares, ratios, shown, colours)
            shares.tick_params(labelbottom=False)
            ratios.set_xlabel(label)
        raw = pick(shown, "inputs", epsilon=0.0)
        filled = raw[raw["share"] > 0]
        if filled.empty:
            continue
        for axes in panels[:2, column]:
            axes.set_xlim(filled["low"].min(), filled["high"].max())
        panels[0, column].set_yscale("log")
        panels[0, column].set_ylim(0.5 * filled["share"].min(), 6 * shown["share"].max())
        low, high = _bulk(raw)
        for axes in panels[2:, column]:
            axes.set_xlim(low, high)
        panels[2, column].set_ylim(0.0, 1.25 * shown["share"].max())
    for row in (0, 2):
        panels[row, 0].set_ylabel("share of jets per bin")
        panels[row + 1, 0].set_ylabel("ratio to raw", loc="center")
    panels[0, 0].text(0.04, 0.95, title, transform=panels[0, 0].transAxes, va="top", fontweight="bold")
    perturbation = perturbation_label(table["perturbation"].iloc[0])
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, title=perturbation, loc="outside lower center", ncols=len(names))
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _draw_shares(shares: Axes, ratios: Axes, table: pd.DataFrame, colours: Mapping[float, object]) -> None:
    trusted = pick(table, "inputs", epsilon=0.0)["count"].to_numpy() >= TRUSTED_COUNT
    reach = 0.05
    for epsilon, rows in table.groupby("epsilon"):
        edges = np.append(rows["low"].to_numpy(), rows["high"].iloc[-1])
        colour = colours[epsilon]
        if epsilon == 0:
            shares.stairs(rows["share"], edges, fill=True, color=colour, alpha=0.2, label="raw")
            continue
        shares.stairs(rows["share"], edges, color=colour, label=rf"$\varepsilon$ = {epsilon:g}")
        centre = (edges[1:] + edges[:-1]) / 2
        ratios.errorbar(
            centre[trusted],
            rows["ratio"].to_numpy()[trusted],
            yerr=rows["ratio_spread"].to_numpy()[trusted],
            color=colour,
            marker="o",
            markersize=2.5,
            linestyle="none",
            elinewidth=1,
        )
        reach = max(reach, np.abs(rows["ratio"].to_numpy()[trusted] - 1).max(initial=0.0))
    ratios.axhline(1.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    reach = min(1.1 * reach, 1.0)
    ratios.set_ylim(1 - reach, 1 + reach)


def _bulk(raw: pd.DataFrame) -> tuple[float, float]:
    """The range of bins in which the middle of the raw jets lies, widened by a bin on each side."""
    below = raw["share"].cumsum().to_numpy()
    first = int(np.searchsorted(below, (1 - _ZOOM) / 2))
    last = min(int(np.searchsorted(below, (1 + _ZOOM) / 2)) + 1, len(raw) - 1)
    return raw["low"].iloc[max(first - 1, 0)], raw["high"].iloc[last]
