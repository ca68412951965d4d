"""ROC curves of nominal and adversarial trainings, on raw and on attacked jets."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from robustag.evaluation.differences import measurement
from robustag.plotting.style import (
    DISCRIMINATOR_AXES,
    paired_models,
    perturbation_label,
    perturbation_line,
    stamp,
    styled,
)
from robustag.plotting.tables import pick

CURVE_COLUMNS = ["model", "seed", "perturbation", "epsilon", "discriminator", "efficiency", "mistag"]
MISTAG_RANGE = (1e-3, 1.0)


def roc_table(
    curves: pd.DataFrame, metrics: pd.DataFrame, discriminator: str, options: Mapping[str, Any]
) -> pd.DataFrame:
    """Seed-averaged ROC curves, raw and attacked, of every paired model.

    Parameters
    ----------
    curves : DataFrame
        The curves table, columns ``CURVE_COLUMNS``.
    metrics : DataFrame
        The metrics table, for the areas under the curves.
    discriminator : str
        BvL, BvC, CvB or CvL.
    options : mapping
        ``pairs``, ``attack`` (name) and ``epsilon`` (scaled units).

    Returns
    -------
    DataFrame
        Columns model, perturbation ("raw" or the attack), epsilon, efficiency, mistag, and the spread over
        seeds as ``mistag_low``, ``mistag_high``; ``auc`` and ``auc_error`` (statistics and seeds) repeat on
        each row.
    """
    attack = options["attack"]
    parts = []
    for model in paired_models(options["pairs"]):
        for epsilon in (0.0, float(options["epsilon"])):
            wanted = {
                "model": model.name,
                "perturbation": attack,
                "epsilon": epsilon,
                "discriminator": discriminator,
            }
            by_seed = pick(curves, "curves", **wanted).pivot(
                index="efficiency", columns="seed", values="mistag"
            )
            area = measurement(metrics, **wanted, metric="auc")
            mistag, spread = by_seed.mean(axis=1), by_seed.std(axis=1, ddof=1).fillna(0.0)
            parts.append(
                pd.DataFrame(
                    {
                        "model": model.name,
                        "perturbation": attack if epsilon else "raw",
                        "epsilon": epsilon,
                        "discriminator": discriminator,
                        "efficiency": by_seed.index,
                        "mistag": mistag.to_numpy(),
                        "mistag_low": (mistag - spread).clip(lower=0.0).to_numpy(),
                        "mistag_high": (mistag + spread).clip(upper=1.0).to_numpy(),
                        "auc": area.mean,
                        "auc_error": area.total,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


@styled
def draw_roc(table: pd.DataFrame, options: Mapping[str, Any]) -> Figure:
    """Draw `roc_table`: one panel an arm, logarithmic mis-tag rate against efficiency.

    Parameters
    ----------
    table : DataFrame
        From `roc_table`.
    options : mapping
        ``pairs``, ``epsilon`` and ``sample`` (what was simulated).
    """
    arms = [pair["label"] for pair in options["pairs"]]
    figure = Figure(figsize=(5.6 * len(arms), 6.6))
    panels = figure.subplots(1, len(arms), sharey=True, squeeze=False)[0]
    efficiency_label, mistag_label = DISCRIMINATOR_AXES[table["discriminator"].iloc[0]]
    for model in paired_models(options["pairs"]):
        axes = panels[arms.index(model.arm)]
        for perturbation, curve in table[table["model"] == model.name].groupby("perturbation", sort=False):
            # A mis-tag rate of exactly zero has no place on a logarithmic axis.
            shown = curve[curve["mistag"] > 0]
            first = curve.iloc[0]
            distortion = perturbation_label(perturbation)
            if perturbation != "raw":
                distortion += rf", $\varepsilon$ = {first['epsilon']:g}"
            axes.plot(
                shown["efficiency"],
                shown["mistag"],
                color=model.colour,
                linestyle=perturbation_line(perturbation),
                label=f"{model.role}, {distortion}:  {first['auc']:.4f} ± {first['auc_error']:.4f}",
            )
            axes.fill_between(
                shown["efficiency"],
                np.maximum(shown["mistag_low"], MISTAG_RANGE[0] / 10),
                shown["mistag_high"],
                color=model.colour,
                alpha=0.2,
                linewidth=0,
            )
    for axes, arm in zip(panels, arms, strict=True):
        axes.set(yscale="log", ylim=MISTAG_RANGE, xlim=(0.0, 1.0), xlabel=efficiency_label)
        axes.text(0.04, 0.96, f"{arm} arm", transform=axes.transAxes, va="top", fontweight="bold")
        axes.legend(
            title="training, jets:  AUC", loc="upper center", bbox_to_anchor=(0.5, -0.13), alignment="left"
        )
    panels[0].set_ylabel(mistag_label)
    stamp(panels[0], panels[-1], options["sample"])
    return figure
