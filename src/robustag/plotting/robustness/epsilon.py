"""AUC, and what is lost of it, against the size of a perturbation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from robustag.attacks.labels import perturbation_label
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.reading import METRIC_COLUMNS, pick
from robustag.plotting.columns import seed_averaged
from robustag.plotting.options import Pair
from robustag.plotting.style import (
    EPSILON_LABEL,
    Model,
    legend_below,
    model_handles,
    paired_models,
    perturbation_line,
    stamp,
    styled,
    symmetric_epsilon_axis,
)

EPSILON_COLUMNS = [*METRIC_COLUMNS, "n"]
_COLUMNS = 4  # panels side by side
_APART = "#EEEEEE"  # face of panels whose epsilon means something else


def auc_epsilon_table(
    metrics: pd.DataFrame,
    pairs: Sequence[Pair],
    perturbations: Sequence[str],
    discriminators: Sequence[str],
) -> pd.DataFrame:
    """Seed-averaged AUC and its loss at every epsilon of the named perturbations, for every paired model.

    Parameters
    ----------
    metrics : DataFrame
        The metrics table, columns ``EPSILON_COLUMNS``.
    pairs : sequence of Pair
        The compared models.
    perturbations, discriminators : sequence of str
        Their names in the table.

    Returns
    -------
    DataFrame
        Columns discriminator, perturbation, model, epsilon, ``jets`` (of the two flavours), ``auc`` (mean
        over seeds), ``statistical``, ``seed`` and total ``error``; ``loss`` (AUC on the same jets unperturbed
        minus ``auc``) and ``loss_error``, paired jet by jet and training by training.
    """
    rows = []
    for discriminator in discriminators:
        areas = pick(metrics, "metrics", discriminator=discriminator, metric="auc")
        measured = Measurements(areas)
        for perturbation in perturbations:
            for model in paired_models(pairs):
                wanted: dict[str, Any] = {
                    "model": model.name,
                    "perturbation": perturbation,
                    "discriminator": discriminator,
                }
                part = pick(areas, "metrics", **wanted)
                raw = measured.measurement(**wanted, epsilon=0.0, metric="auc")
                for epsilon in np.sort(part["epsilon"].unique()):
                    area = measured.measurement(**wanted, epsilon=epsilon, metric="auc")
                    loss = raw - area
                    rows.append(
                        {
                            "discriminator": discriminator,
                            "perturbation": perturbation,
                            "model": model.name,
                            "epsilon": epsilon,
                            "jets": int(part["n"].min()),
                            **seed_averaged("auc", area),
                            "loss": loss.mean,
                            "loss_error": loss.total,
                        }
                    )
    return pd.DataFrame(rows)


@styled
def draw_auc_epsilon(
    table: pd.DataFrame, pairs: Sequence[Pair], compared: Sequence[str], apart: Sequence[str], sample: str
) -> Figure:
    """Loss of AUC, one panel a perturbation, one colour a model; all panels share both axes.

    The axis of the losses is linear below the power of ten above their typical error.

    Parameters
    ----------
    table : DataFrame
        From `auc_epsilon_table` for one discriminator.
    pairs : sequence of Pair
        The compared models.
    compared, apart : sequence of str
        The panels, in order: perturbations of one budget, and those whose epsilon means something else.
    sample : str
        What was simulated.
    """
    shown = [*compared, *apart]
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(1.0 + 2.35 * columns, 1.3 + 2.25 * rows))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    models = paired_models(pairs)
    table = table[table["epsilon"] > 0]
    for axes, perturbation in zip(panels.flat, shown, strict=False):
        of_panel = pick(table, "auc_epsilon", perturbation=perturbation)
        for model in models:
            line = pick(of_panel, "auc_epsilon", model=model.name)
            _draw_line(axes, line, "loss", "loss_error", model, perturbation)
        axes.axhline(0.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
        at = {"transform": axes.transAxes, "va": "top"}
        axes.text(0.05, 0.95, perturbation_label(perturbation), fontweight="bold", **at)
        axes.text(0.05, 0.84, f"{of_panel['jets'].min():,} jets", fontsize=11, **at)
        axes.tick_params(axis="x", which="both", top=False)
        if perturbation in apart:
            axes.set_facecolor(_APART)
    for axes in panels.flat[len(shown) :]:
        axes.remove()
    floor = _floor(table["loss_error"])
    panels[0, 0].set_yscale("symlog", linthresh=floor, linscale=0.6)
    lowest, highest = (table["loss"] - table["loss_error"]).min(), table["loss"].max()
    # Room above the curves for the names.
    panels[0, 0].set_ylim(min(1.2 * lowest, -0.5 * floor), 10 * max(highest, floor))
    for row in panels:
        row[0].set_ylabel(f"loss of {table['discriminator'].iloc[0]} AUC")
    epsilons = sorted(table["epsilon"].unique())
    panels[0, 0].set(xscale="log", xlim=(0.8 * epsilons[0], 1.25 * epsilons[-1]))
    panels[0, 0].set_xticks(epsilons, labels=[f"{epsilon:g}" for epsilon in epsilons])
    panels[0, 0].xaxis.set_minor_locator(NullLocator())
    for column in range(columns):
        # The lowest panel of a column carries the axis, also where the last row is not full.
        bottom = panels[(len(shown) - 1 - column) // columns, column]
        bottom.set_xlabel(EPSILON_LABEL)
        bottom.tick_params(axis="x", labelrotation=45, labelbottom=True)
    legend_below(figure, model_handles(models), min(2, columns))
    stamp(panels[0][0], panels[0][-1], sample)
    return figure


def _floor(errors: pd.Series) -> float:
    """The power of ten above the median error: below it a logarithmic axis would show fluctuations."""
    typical = errors.median()
    return 10.0 ** np.ceil(np.log10(typical)) if typical > 0 else 1e-3


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
            _draw_line(axes, line, "auc", "error", model, perturbation, label)
    symmetric_epsilon_axis(axes, table["epsilon"].unique())
    axes.set_ylabel(f"{table['discriminator'].iloc[0]} AUC")
    axes.legend(loc="lower left")
    stamp(axes, axes, sample)
    return figure


def _draw_line(
    axes: Axes,
    line: pd.DataFrame,
    value: str,
    error: str,
    model: Model,
    perturbation: str,
    label: str = "",
) -> None:
    """Points at the measured epsilons, joined, with a band of one total error."""
    axes.plot(
        line["epsilon"],
        line[value],
        color=model.colour,
        marker=model.marker,
        linestyle=perturbation_line(perturbation),
        label=label,
    )
    axes.fill_between(
        line["epsilon"],
        line[value] - line[error],
        line[value] + line[error],
        color=model.colour,
        alpha=0.2,
        linewidth=0,
    )
