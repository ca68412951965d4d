"""Would it have been noticed? Distances between clean and perturbed inputs, one by one and all at once."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from robustag.plotting.options import Mismodelling, Perturbation
from robustag.plotting.style import stamp, styled

DISTANCE_COLUMNS = [
    *("model", "kind", "perturbation", "epsilon", "flavour", "input", "distance", "value", "low", "high"),
]
_CLASSIFIERS = {"classifier_auc": "all inputs", "classifier_auc_continuous": "continuous inputs"}
_RANGE = (1e-4, 1.0)
"""Divergences shown, in nats; what is beyond has the colour of the end."""


def distance_table(
    distances: pd.DataFrame,
    model: str,
    mismodellings: Sequence[Mismodelling],
    kinds: Mapping[str, str],
) -> pd.DataFrame:
    """KL divergence of each kind of input, and the AUC of the classifier, of every shown perturbation.

    Parameters
    ----------
    distances : DataFrame
        The distances table.
    model : str
        The model attacked.
    mismodellings : sequence of Mismodelling
        Those that are scenarios are shown.
    kinds : mapping
        What each input has in common with those of other tracks, such as "track D0".

    Returns
    -------
    DataFrame
        Columns label, kind, perturbation, epsilon, input, distance (kl, classifier_auc and
        classifier_auc_continuous), value, low, high. Inputs
        of one kind stand for the one of which the divergence is largest.
    """
    rows = distances[(distances["flavour"] == "all") & distances["distance"].isin(["kl", *_CLASSIFIERS])]
    attacks = rows[(rows["kind"] == "attack") & (rows["model"] == model)]
    parts = [
        part.assign(label=Perturbation(name, epsilon).short)
        for (name, epsilon), part in attacks.groupby(["perturbation", "epsilon"], sort=False)
    ]
    scenarios = rows[rows["kind"] == "scenario"]
    for entry in mismodellings:
        same = np.isclose(scenarios["epsilon"], entry.epsilon)
        parts.append(scenarios[same & (scenarios["perturbation"] == entry.perturbation)])
        parts[-1] = parts[-1].assign(label=entry.label)
    parts.append(rows[rows["kind"] == "reference"].assign(label="other clean jets"))
    table = pd.concat(parts, ignore_index=True)
    table["input"] = [kinds.get(name, name) for name in table["input"]]
    key = ["label", "kind", "perturbation", "epsilon", "input", "distance"]
    return table.groupby(key, sort=False)[["value", "low", "high"]].max().reset_index()


@styled
def draw_distances(table: pd.DataFrame, sample: str) -> Figure:
    """A heat map of the divergences of single inputs below what a classifier makes of all of them.

    Parameters
    ----------
    table : DataFrame
        From `distance_table`.
    sample : str
        What was simulated.
    """
    labels = list(dict.fromkeys(table["label"]))
    kl = table[table["distance"] == "kl"].pivot(index="input", columns="label", values="value")
    inputs = list(dict.fromkeys(table.loc[table["distance"] == "kl", "input"]))
    figure = Figure(figsize=(4.6 + 0.42 * len(labels), 5.2 + 0.21 * len(inputs)))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 0.075 * len(inputs)))
    _draw_classifier(above, table, labels)
    divergence = kl.reindex(index=inputs, columns=labels).to_numpy().clip(*_RANGE)
    image = below.pcolormesh(divergence, norm=LogNorm(*_RANGE), cmap="viridis", rasterized=True)
    below.invert_yaxis()
    below.set_yticks(
        np.arange(len(inputs)) + 0.5, labels=[name.replace("_", " ") for name in inputs], fontsize=8
    )
    below.set_xticks(np.arange(len(labels)) + 0.5, labels=labels, rotation=60, ha="right", fontsize=9)
    for axis in (below.xaxis, below.yaxis, above.xaxis):
        axis.set_minor_locator(NullLocator())
    below.tick_params(length=0)
    below.set_xlabel("perturbation")
    figure.colorbar(image, ax=below, label="KL divergence [nats]", extend="both", aspect=40, pad=0.01)
    stamp(above, above, sample)
    return figure


def _draw_classifier(axes: Axes, table: pd.DataFrame, labels: list[str]) -> None:
    for name, filling in zip(_CLASSIFIERS, ("black", "white"), strict=True):
        rows = table[table["distance"] == name].set_index("label").reindex(labels)
        axes.errorbar(
            np.arange(len(labels)) + 0.5,
            rows["value"],
            yerr=[(rows["value"] - rows["low"]).clip(lower=0), (rows["high"] - rows["value"]).clip(lower=0)],
            color="black",
            marker="o",
            markerfacecolor=filling,
            linestyle="none",
            capsize=3,
            label=_CLASSIFIERS[name],
        )
    axes.legend(loc="best", handlelength=1.0)
    axes.axhline(0.5, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    axes.set_ylim(0.45, 1.05)
    axes.set_ylabel("classifier\nAUC")
