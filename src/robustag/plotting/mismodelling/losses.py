"""The cross-check: does what helps against an attack also help against physics-inspired mismodelling?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from robustag.evaluation.differences import harm
from robustag.plotting.columns import seed_averaged
from robustag.plotting.options import Mismodelling, Pair
from robustag.plotting.style import arm_models, legend_below, model_handles, paired_models, stamp, styled


def mismodelling_table(
    metrics: pd.DataFrame,
    pairs: Sequence[Pair],
    mismodellings: Sequence[Mismodelling],
    discriminator: str,
) -> pd.DataFrame:
    """AUC lost by every paired model under every named mismodelling.

    Parameters
    ----------
    metrics : DataFrame
        The metrics table.
    pairs : sequence of Pair
        The compared models.
    mismodellings : sequence of Mismodelling
        In the order of the figure.
    discriminator : str
        BvL, BvC, CvB or CvL.

    Returns
    -------
    DataFrame
        Columns label, model, perturbation, epsilon, discriminator, ``loss`` (AUC on raw jets minus AUC on
        changed ones, mean over seeds), ``statistical``, ``seed`` and total ``error``.
    """
    rows = []
    for entry in mismodellings:
        for model in paired_models(pairs):
            wanted: dict[str, Any] = {
                "model": model.name,
                "perturbation": entry.perturbation,
                "discriminator": discriminator,
                "metric": "auc",
            }
            loss = harm(metrics, **wanted, epsilon=entry.epsilon)
            rows.append(
                {
                    "label": entry.label,
                    "model": model.name,
                    "perturbation": entry.perturbation,
                    "epsilon": entry.epsilon,
                    "discriminator": discriminator,
                    **seed_averaged("loss", loss),
                }
            )
    return pd.DataFrame(rows)


@styled
def draw_mismodelling(table: pd.DataFrame, pairs: Sequence[Pair], sample: str) -> Figure:
    """One row a mismodelling, one panel an arm: AUC lost by the nominal and by the adversarial training.

    Parameters
    ----------
    table : DataFrame
        From `mismodelling_table`.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    """
    arms = [pair.label for pair in pairs]
    kinds = list(dict.fromkeys(table["label"]))
    figure = Figure(figsize=(2.6 + 4.4 * len(arms), 2.0 + 0.6 * len(kinds)))
    panels = figure.subplots(1, len(arms), sharey=True, squeeze=False)[0]
    height = np.arange(len(kinds))[::-1]
    for axes, arm in zip(panels, arms, strict=True):
        for model in arm_models(pairs, arm):
            rows = table[table["model"] == model.name].set_index("label").loc[kinds]
            axes.errorbar(
                rows["loss"],
                height + (0.14 if model.role == "nominal" else -0.14),
                xerr=rows["error"],
                color=model.colour,
                marker=model.marker,
                linestyle="none",
                capsize=3,
            )
        axes.axvline(0.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
        axes.set_xlabel(f"loss of {table['discriminator'].iloc[0]} AUC")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_ylim(-0.6, len(kinds) + 0.1)
        axes.text(0.96, 0.96, f"{arm} arm", transform=axes.transAxes, va="top", ha="right", fontweight="bold")
        axes.set_yticks(height, labels=kinds)
        axes.yaxis.set_minor_locator(NullLocator())
    models = paired_models(pairs)
    legend_below(figure, model_handles(models), len(models))
    stamp(panels[0], panels[-1], sample)
    return figure
