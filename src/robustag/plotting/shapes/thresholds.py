"""Efficiency and mis-tag rate against the cut on a discriminator."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustag.classes import CLASSES
from robustag.evaluation.discriminators import DISCRIMINATORS
from robustag.evaluation.reading import pick
from robustag.plotting.options import RAW, Pair, Perturbation
from robustag.plotting.style import (
    FLAVOUR_COLOURS,
    FLAVOUR_LABELS,
    ROLES,
    perturbation_line,
    stamp,
    styled,
)


def threshold_table(
    histograms: pd.DataFrame,
    discriminators: Sequence[str],
    pair: Pair,
    attack: Perturbation,
) -> pd.DataFrame:
    """Share of signal and background jets at or above each edge of the discriminator's histogram.

    Parameters
    ----------
    histograms : DataFrame
        The histograms table.
    discriminators : sequence of str
        Names such as BvL.
    pair : Pair
        The two models.
    attack : Perturbation
        Attack and strength.

    Returns
    -------
    DataFrame
        Columns arm, role, discriminator, perturbation, epsilon, flavour, threshold, ``passing`` (mean over
        seeds) and ``spread`` (standard deviation over seeds; 0 for one).
    """
    flavours = {d.name: (CLASSES[d.signal], CLASSES[d.background]) for d in DISCRIMINATORS}
    parts = []
    for role in ROLES:
        for name in discriminators:
            rows = pick(
                histograms, "histograms", model=pair.model(role), perturbation=attack.name, quantity=name
            )
            for shown in (RAW, attack):
                at = pick(rows, "histograms", epsilon=shown.epsilon)
                for flavour in flavours[name]:
                    counts = pick(at, "histograms", flavour=flavour).pivot(
                        index="low", columns="seed", values="count"
                    )
                    passing = counts[::-1].cumsum()[::-1] / counts.sum()
                    parts.append(
                        pd.DataFrame(
                            {
                                "arm": pair.label,
                                "role": role,
                                "discriminator": name,
                                "perturbation": shown.name,
                                "epsilon": shown.epsilon,
                                "flavour": flavour,
                                "threshold": counts.index,
                                "passing": passing.mean(axis=1).to_numpy(),
                                "spread": passing.std(axis=1, ddof=1).fillna(0.0).to_numpy(),
                            }
                        )
                    )
    return pd.concat(parts, ignore_index=True)


@styled
def draw_thresholds(table: pd.DataFrame, attack: Perturbation, sample: str) -> Figure:
    """A row a discriminator, a column a training: passing shares of its two flavours, raw and attacked.

    Parameters
    ----------
    table : DataFrame
        From `threshold_table`.
    attack : Perturbation
        Attack and strength.
    sample : str
        What was simulated.
    """
    names = list(dict.fromkeys(table["discriminator"]))
    figure = Figure(figsize=(9.0, 1.6 + 2.8 * len(names)))
    panels = figure.subplots(len(names), len(ROLES), sharex=True, sharey=True, squeeze=False)
    for (role, name), cell in table.groupby(["role", "discriminator"]):
        axes = panels[names.index(name), ROLES.index(role)]
        for (flavour, perturbation), curve in cell.groupby(["flavour", "perturbation"]):
            colour = FLAVOUR_COLOURS[flavour]
            shown = curve[curve["passing"] > 0]
            low = np.maximum(shown["passing"] - shown["spread"], 1e-6)
            line = perturbation_line(perturbation)
            axes.plot(shown["threshold"], shown["passing"], color=colour, linestyle=line)
            axes.fill_between(
                shown["threshold"],
                low,
                shown["passing"] + shown["spread"],
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
        title = f"{cell['arm'].iloc[0]} arm,\n{role} training"
        axes.text(0.04, 0.18, title, transform=axes.transAxes, fontweight="bold", fontsize=12)
        axes.text(0.04, 0.06, f"cut on {name}", transform=axes.transAxes, fontsize=12)
    panels[0, 0].set(yscale="log", ylim=(1e-3, 2.0), xlim=(0.0, 1.0))
    # Short labels at the ends, which do not run into those of the next panel.
    panels[0, 0].xaxis.set_major_formatter("{x:g}")
    for row in panels:
        row[0].set_ylabel("share above the cut")
    for axes in panels[-1]:
        axes.set_xlabel("cut on the discriminator")
    handles = [Line2D([], [], color=FLAVOUR_COLOURS[name], label=FLAVOUR_LABELS[name]) for name in CLASSES]
    handles += [
        Line2D([], [], color="black", label="raw"),
        Line2D([], [], color="black", linestyle=perturbation_line(attack.name), label=attack.title),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(CLASSES))
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure
