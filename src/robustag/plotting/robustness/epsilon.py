"""AUC against the size of a perturbation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustag.attacks.labels import perturbation_label
from robustag.evaluation.differences import measurement
from robustag.evaluation.reading import pick
from robustag.plotting.columns import seed_averaged
from robustag.plotting.options import Pair
from robustag.plotting.style import (
    Model,
    legend_below,
    model_handles,
    paired_models,
    perturbation_line,
    stamp,
    styled,
    symmetric_epsilon_axis,
)

_COLUMNS = 4  # panels side by side


def auc_epsilon_table(
    metrics: pd.DataFrame,
    pairs: Sequence[Pair],
    perturbations: Sequence[str],
    discriminators: Sequence[str],
) -> pd.DataFrame:
    """Seed-averaged AUC at every epsilon of the named perturbations, for every paired model.

    Returns
    -------
    DataFrame
        Columns discriminator, perturbation, model, epsilon, ``auc`` (mean over seeds), ``statistical``,
        ``seed`` and total ``error``.
    """
    rows = []
    for discriminator in discriminators:
        for perturbation in perturbations:
            for model in paired_models(pairs):
                wanted: dict[str, Any] = {
                    "model": model.name,
                    "perturbation": perturbation,
                    "discriminator": discriminator,
                }
                measured = pick(metrics, "metrics", metric="auc", **wanted)
                for epsilon in np.sort(measured["epsilon"].unique()):
                    area = measurement(measured, **wanted, epsilon=epsilon, metric="auc")
                    rows.append(
                        {
                            "discriminator": discriminator,
                            "perturbation": perturbation,
                            "model": model.name,
                            "epsilon": epsilon,
                            **seed_averaged("auc", area),
                        }
                    )
    return pd.DataFrame(rows)


@styled
def draw_auc_epsilon(
    table: pd.DataFrame, pairs: Sequence[Pair], attacks: Sequence[str], sample: str
) -> Figure:
    """One panel a perturbation, one colour a model; all panels share both axes.

    Parameters
    ----------
    table : DataFrame
        From `auc_epsilon_table` for one discriminator.
    pairs : sequence of Pair
        The compared models.
    attacks : sequence of str
        The panels, in order.
    sample : str
        What was simulated.
    """
    columns = min(_COLUMNS, len(attacks))
    rows = -(-len(attacks) // columns)
    figure = Figure(figsize=(1.2 + 3.2 * columns, 1.3 + 2.9 * rows))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    models = paired_models(pairs)
    for axes, perturbation in zip(panels.flat, attacks, strict=False):
        for model in models:
            line = pick(table, "auc_epsilon", perturbation=perturbation, model=model.name)
            _draw_line(axes, line, model, perturbation)
        axes.text(0.05, 0.05, perturbation_label(perturbation), transform=axes.transAxes, fontweight="bold")
    for axes in panels.flat[len(attacks) :]:
        axes.remove()
    for row in panels:
        row[0].set_ylabel(f"{table['discriminator'].iloc[0]} AUC")
    for column in range(columns):
        # The lowest panel of a column carries the axis, also where the last row is not full.
        lowest = panels[(len(attacks) - 1 - column) // columns, column]
        symmetric_epsilon_axis(lowest, table["epsilon"].unique())
        lowest.tick_params(axis="x", labelrotation=45, labelbottom=True)
    legend_below(figure, model_handles(models), columns)
    stamp(panels[0][0], panels[0][-1], sample)
    return figure


@styled
def draw_headline(table: pd.DataFrame, pair: Pair, perturbations: Sequence[str], sample: str) -> Figure:
    """The study in one small picture: AUC against epsilon, two trainings, attack and noise of the same size.

    Parameters
    ----------
    table : DataFrame
        From `auc_epsilon_table` for one arm, one discriminator, the attack and the noise.
    pair : Pair
        The two models.
    perturbations : sequence of str
        Noise and attack.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(6.0, 4.3))
    axes = figure.subplots()
    for model in paired_models([pair]):
        for perturbation in perturbations:
            line = pick(table, "headline", model=model.name, perturbation=perturbation)
            label = f"{model.role} training, {perturbation_label(perturbation)}"
            _draw_line(axes, line, model, perturbation, label)
    symmetric_epsilon_axis(axes, table["epsilon"].unique())
    axes.set_ylabel(f"{table['discriminator'].iloc[0]} AUC")
    axes.legend(loc="lower left")
    stamp(axes, axes, sample)
    return figure


def _draw_line(axes: Axes, line: pd.DataFrame, model: Model, perturbation: str, label: str = "") -> None:
    """Points at the measured epsilons, joined, with a band of one total error."""
    axes.plot(
        line["epsilon"],
        line["auc"],
        color=model.colour,
        marker=model.marker,
        linestyle=perturbation_line(perturbation),
        label=label,
    )
    axes.fill_between(
        line["epsilon"],
        line["auc"] - line["error"],
        line["auc"] + line["error"],
        color=model.colour,
        alpha=0.2,
        linewidth=0,
    )
