"""Shapes of scores and inputs, raw against perturbed, flavour by flavour, with their ratio."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from robustag.evaluation.reading import pick
from robustag.plotting.columns import in_front, share_error
from robustag.plotting.options import Pair, Perturbation
from robustag.plotting.shapes.ratios import draw_ratios
from robustag.plotting.style import FLAVOUR_COLOURS, FLAVOUR_LABELS, ROLES, TRUSTED_COUNT, stamp, styled

HISTOGRAM_COLUMNS = [
    *("model", "seed", "perturbation", "epsilon", "quantity", "flavour", "low", "high", "count"),
]


def shape_table(histograms: pd.DataFrame, quantity: str, pair: Pair, attack: Perturbation) -> pd.DataFrame:
    """Seed-averaged shapes of one quantity for the two models of a pair.

    Parameters
    ----------
    histograms : DataFrame
        The histograms table, columns ``HISTOGRAM_COLUMNS``.
    quantity : str
        A discriminator, an output such as "P(b)", or an input.
    pair : Pair
        The two models.
    attack : Perturbation
        Attack and strength.

    Returns
    -------
    DataFrame
        One row a role, flavour and bin: ``low``, ``high``; ``raw`` and ``perturbed``, jets in the bin over
        the flavour's raw jets in all bins; ``perturbed_error``, that of `share_error`; ``raw_count`` (mean
        over seeds); ``ratio`` perturbed/raw and
        ``ratio_spread``, its standard deviation over seeds (0 for one seed). Ratios are NaN where there is no
        raw jet, shares where the flavour has none. Jets whose input is missing or out of the histogram's
        range are in no bin, so that ``raw`` adds up to one but ``perturbed`` need not: a perturbation carries
        jets across the ends of the range.
    """
    parts = []
    for role in ROLES:
        both = pick(
            histograms, "histograms", model=pair.model(role), perturbation=attack.name, quantity=quantity
        )
        bins = ["flavour", "low", "high"]
        raw = pick(both, "histograms", epsilon=0.0).pivot(index=bins, columns="seed", values="count")
        perturbed = pick(both, "histograms", epsilon=attack.epsilon).pivot(
            index=bins, columns="seed", values="count"
        )
        ratio = perturbed / raw.where(raw > 0)
        total = raw.groupby(level="flavour").transform("sum")
        total = total.where(total > 0)
        shares = perturbed / total
        share = shares.mean(axis=1)
        part = pd.DataFrame(
            {
                "raw": (raw / total).mean(axis=1),
                "perturbed": share,
                "perturbed_error": share_error(
                    share.clip(upper=1.0), total.mean(axis=1), shares.std(axis=1, ddof=1), shares.shape[1]
                ),
                "raw_count": raw.mean(axis=1),
                "ratio": perturbed.mean(axis=1) / raw.where(raw > 0).mean(axis=1),
                "ratio_spread": ratio.std(axis=1, ddof=1).fillna(0.0),
            }
        ).reset_index()
        parts.append(in_front(part, quantity=quantity, arm=pair.label, role=role))
    return pd.concat(parts, ignore_index=True)


@styled
def draw_shapes(table: pd.DataFrame, labels: Mapping[str, str], attack: Perturbation, sample: str) -> Figure:
    """A row a quantity, nominal beside adversarial: raw shapes as lines, perturbed as points, and ratios.

    Parameters
    ----------
    table : DataFrame
        From `shape_table`, for one or more quantities of one pair.
    labels : mapping
        What stands under the panels of each quantity, with its unit, in order.
    attack : Perturbation
        Attack and strength.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(9.0, 1.6 + 3.0 * len(labels)))
    panels = figure.subplots(
        2 * len(labels), len(ROLES), sharey="row", squeeze=False, height_ratios=[2.0, 1.0] * len(labels)
    )
    for row, (quantity, label) in enumerate(labels.items()):
        shown = pick(table, "shapes", quantity=quantity)
        for column, role in enumerate(ROLES):
            shapes, ratios = panels[2 * row : 2 * row + 2, column]
            ratios.sharex(shapes)
            shapes.tick_params(labelbottom=False)
            _set_ranges(shapes, ratios, shown)
            _draw_cell(shapes, ratios, pick(shown, "shapes", role=role), attack.title)
            ratios.set_xlabel(label)
            if row == 0:
                title = f"{shown['arm'].iloc[0]} arm, {role} training"
                shapes.text(
                    0.97, 0.95, title, transform=shapes.transAxes, va="top", ha="right", fontweight="bold"
                )
        panels[2 * row, 0].set_ylabel("share of jets per bin", fontsize=12)
        panels[2 * row + 1, 0].set_ylabel("ratio to raw", fontsize=12, loc="center")
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(ROLES))
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _draw_cell(shapes: Axes, ratios: Axes, table: pd.DataFrame, perturbed_label: str) -> None:
    for flavour, colour in FLAVOUR_COLOURS.items():
        rows = table[table["flavour"] == flavour]
        if rows.empty:
            continue
        edges = np.append(rows["low"].to_numpy(), rows["high"].iloc[-1])
        name = FLAVOUR_LABELS[flavour]
        shapes.stairs(rows["raw"], edges, color=colour, linewidth=1.2, label=f"{name}, raw")
        there = rows[rows["perturbed"] > 0]
        shapes.errorbar(
            (there["low"] + there["high"]) / 2,
            there["perturbed"],
            yerr=there["perturbed_error"],
            color=colour,
            marker="o",
            markersize=2.5,
            linestyle="none",
            elinewidth=1,
            label=f"{name}, {perturbed_label}",
        )
        draw_ratios(ratios, rows[rows["raw_count"] >= TRUSTED_COUNT], colour)
    ratios.axhline(1.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))


def _set_ranges(shapes: Axes, ratios: Axes, table: pd.DataFrame) -> None:
    """The same ranges for both trainings of one quantity."""
    occupied = table.loc[(table["raw"] > 0) | (table["perturbed"] > 0)]
    if len(occupied):
        shapes.set_yscale("log")
        shares = occupied[["raw", "perturbed"]]
        shapes.set_xlim(occupied["low"].min(), occupied["high"].max())
        # A decade of headroom keeps the panel's title clear of the bins.
        shapes.set_ylim(0.5 * shares.where(shares > 0)["raw"].min(), 10 * shares.max().max())
    _set_ratio_range(ratios, table)


def _set_ratio_range(axes: Axes, table: pd.DataFrame) -> None:
    """A range symmetric about one (in the logarithm when it is wide) that holds all well-filled bins."""
    trusted = table.loc[(table["raw_count"] >= TRUSTED_COUNT) & (table["ratio"] > 0), "ratio"]
    reach = 1.15 * float(np.abs(np.log(trusted)).max()) if len(trusted) else 0.0
    reach = min(max(reach, np.log(1.1)), np.log(30.0))
    if reach > np.log(2.0):
        axes.set_yscale("log")
        axes.set_ylim(np.exp(-reach), np.exp(reach))
        wide = (0.1, 0.3, 1.0, 3.0, 10.0) if reach > np.log(6.0) else (0.2, 0.5, 1.0, 2.0, 5.0)
        ticks = [tick for tick in wide if abs(np.log(tick)) < reach]
        axes.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(2.0 - np.exp(reach), np.exp(reach))
