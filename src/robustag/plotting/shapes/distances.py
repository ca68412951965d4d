"""Would it have been noticed? Distances between clean and perturbed inputs, one by one and all at once."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from robustag.plotting.options import Mismodelling, Perturbation
from robustag.plotting.style import stamp, styled

DISTANCE_COLUMNS = [
    *("model", "kind", "perturbation", "epsilon", "flavour", "input", "distance", "value", "low", "high"),
    *("floor", "seed"),
]
_CLASSIFIERS = {"classifier_auc": "all inputs", "classifier_auc_continuous": "continuous inputs"}
_RANGE = (1e-4, 1.0)
"""Divergences shown, in nats; what is beyond has the colour of the end."""
_CHANCE = 2.0
"""Times the floor up to which a divergence is put down to chance."""
_BY_CHANCE, _UNMOVED = "0.8", "white"


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
        classifier_auc_continuous), value, low, high, floor. Inputs of one kind stand for the one whose
        divergence is largest beyond its floor. Attacks are those on the first training.
    """
    rows = distances[(distances["flavour"] == "all") & distances["distance"].isin(["kl", *_CLASSIFIERS])]
    attacks = rows[(rows["kind"] == "attack") & (rows["model"] == model)]
    attacks = attacks[attacks["seed"] == attacks["seed"].min()]
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
    table["beyond"] = table["value"] - table["floor"].fillna(0.0)
    key = ["label", "kind", "perturbation", "epsilon", "input", "distance"]
    largest = table.sort_values("beyond", ascending=False, kind="stable").drop_duplicates(key)
    return largest.sort_index()[[*key, "value", "low", "high", "floor"]].reset_index(drop=True)


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
    kl = table[table["distance"] == "kl"]
    inputs = list(dict.fromkeys(kl["input"]))
    figure = Figure(figsize=(4.8 + 0.2 * len(labels), 4.4 + 0.155 * len(inputs)))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 0.5 + 0.155 * len(inputs)))
    _draw_classifier(above, table, labels)
    image = _draw_divergences(below, kl.set_index(["input", "label"]), inputs, labels)
    for axis in (below.xaxis, below.yaxis, above.xaxis):
        axis.set_minor_locator(NullLocator())
    bar = figure.colorbar(image, ax=below, extend="both", aspect=40, pad=0.01)
    bar.set_label("KL beyond its floor [nats]", fontsize=11)
    patches = [
        Patch(facecolor=_BY_CHANCE, edgecolor="0.4", label=f"less than {_CHANCE:g} times the floor"),
        Patch(facecolor=_UNMOVED, edgecolor="0.4", label="not moved at all"),
    ]
    figure.legend(handles=patches, loc="outside lower left", ncols=2, fontsize=9)
    stamp(above, above, sample)
    return figure


def _draw_divergences(axes: Axes, kl: pd.DataFrame, inputs: Sequence[str], labels: Sequence[str]) -> QuadMesh:
    """The heat map of rows by input and label: colours where a divergence is more than chance and moves."""
    value, floor = (
        kl[name].unstack().reindex(inputs, columns=labels).to_numpy() for name in ("value", "floor")
    )
    chance = np.where(value > 0, 1.0, np.nan)
    axes.pcolormesh(chance, cmap=ListedColormap([_BY_CHANCE]), rasterized=True)
    beyond = np.where(value > _CHANCE * floor, value - floor, np.nan)
    image = axes.pcolormesh(beyond, norm=LogNorm(*_RANGE), cmap="viridis_r", rasterized=True)
    axes.set_facecolor(_UNMOVED)
    axes.invert_yaxis()
    names = [name.replace("_", " ") for name in inputs]
    axes.set_yticks(np.arange(len(inputs)) + 0.5, labels=names, fontsize=8)
    axes.set_xticks(np.arange(len(labels)) + 0.5, labels=labels, rotation=60, ha="right", fontsize=9)
    axes.tick_params(length=0)
    axes.set_xlabel("perturbation")
    return image


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
