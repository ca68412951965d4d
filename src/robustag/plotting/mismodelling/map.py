"""Attacks and mismodellings on one footing: how far the inputs move against what the tagger loses."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.special import rel_entr

from robustag.attacks.labels import perturbation_label
from robustag.plotting.options import Pair
from robustag.plotting.style import (
    Model,
    arm_models,
    legend_below,
    paired_models,
    perturbation_line,
    stamp,
    styled,
)

_SMALLEST_LOSS = 0.001
_DISTANCE = "Jensen-Shannon divergence of the inputs [bit]"


def input_divergences(histograms: pd.DataFrame, inputs: Sequence[str]) -> pd.DataFrame:
    """How far the distributions of the inputs move, for every model, perturbation and strength.

    The Jensen-Shannon divergence [bit] between clean and changed jets, 0 for none and 1 for no overlap, in
    the range of each histogram; mean over inputs, flavours and seeds.

    Parameters
    ----------
    histograms : DataFrame
        The collected table.
    inputs : sequence of str
        Quantities of the table that are inputs.

    Returns
    -------
    DataFrame
        Columns model, perturbation, epsilon, ``distance``.
    """
    of_inputs = histograms[histograms["quantity"].isin(inputs)]
    keys = ["model", "perturbation", "seed", "quantity", "flavour"]
    counts = of_inputs.pivot_table(index=[*keys, "low"], columns="epsilon", values="count", sort=False)
    share = counts / counts.groupby(level=keys).transform("sum")
    parts = []
    for epsilon in share.columns.drop(0.0):
        clean, changed = share[0.0], share[epsilon]
        middle = (clean + changed) / 2
        nats = (rel_entr(clean, middle) + rel_entr(changed, middle)) / 2
        distance = nats.groupby(level=keys).sum(min_count=1).groupby(level=["model", "perturbation"]).mean()
        distance = distance.dropna() / np.log(2)
        parts.append(distance.rename("distance").reset_index().assign(epsilon=epsilon))
    return pd.concat(parts, ignore_index=True)


def map_table(
    verdicts: pd.DataFrame,
    histograms: pd.DataFrame,
    inputs: Sequence[str],
    pairs: Sequence[Pair],
) -> pd.DataFrame:
    """Distance and loss of AUC of every attack and scenario, for every paired model.

    verdicts: rows of `robustag.evaluation.verdicts` for one discriminator; the others as `input_divergences`.
    Columns kind, perturbation, epsilon, discriminator, model, distance, loss, error.
    """
    distances = input_divergences(histograms, inputs)
    auc = verdicts[verdicts["metric"] == "auc"]
    parts = []
    for model in paired_models(pairs):
        # Its losses are the same in every pair that it belongs to.
        rows, role = auc[auc["pair"] == model.arms[0]], model.role
        part = rows[["kind", "perturbation", "epsilon", "discriminator"]].assign(
            model=model.name, loss=rows[role], error=rows[f"{role}_error"]
        )
        parts.append(part.merge(distances, on=["model", "perturbation", "epsilon"], how="left"))
    return pd.concat(parts, ignore_index=True)


@styled
def draw_map(table: pd.DataFrame, pairs: Sequence[Pair], attacks: Sequence[str], sample: str) -> Figure:
    """A panel an arm: attacks as lines over epsilon, scenarios as numbers at their largest strength.

    Parameters
    ----------
    table : DataFrame
        From `map_table`.
    pairs : sequence of Pair
        The compared models.
    attacks : sequence of str
        Those drawn as lines.
    sample : str
        What was simulated.
    """
    arms = [pair.label for pair in pairs]
    scenarios = table[table["kind"] == "scenario"]
    scenarios = scenarios[
        scenarios["epsilon"] == scenarios.groupby("perturbation")["epsilon"].transform("max")
    ]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(scenarios["perturbation"]), start=1)}
    figure = Figure(figsize=(4.2 + 5.2 * len(arms), 6.2))
    panels = figure.subplots(1, len(arms), sharey=True, sharex=True, squeeze=False)[0]
    shown = [
        (axes, model) for axes, arm in zip(panels, arms, strict=True) for model in arm_models(pairs, arm)
    ]
    for axes, model in shown:
        own = table[table["model"] == model.name]
        for attack in attacks:
            _draw_line(axes, own[own["perturbation"] == attack].sort_values("epsilon"), attack, model)
        points = scenarios[scenarios["model"] == model.name]
        for row in points.itertuples():
            axes.errorbar(row.distance, row.loss, yerr=row.error, color=model.colour, linewidth=1, alpha=0.5)
            axes.text(
                row.distance,
                row.loss,
                str(numbers[row.perturbation]),
                color=model.colour,
                ha="right" if model.role == "nominal" else "left",
                va="center",
                fontsize=10,
                fontweight="bold",
            )
    for axes, arm in zip(panels, arms, strict=True):
        axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=_SMALLEST_LOSS)
        axes.set_ylim(bottom=min(-0.3 * _SMALLEST_LOSS, 1.3 * table["loss"].min()))
        axes.axhline(0.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
        axes.set_xlabel(_DISTANCE)
        axes.text(0.04, 0.96, f"{arm} arm", transform=axes.transAxes, va="top", fontweight="bold")
    panels[0].set_ylabel(f"loss of {table['discriminator'].iloc[0]} AUC")
    handles = [
        Line2D(
            *([], []),
            color=model.colour,
            marker=model.marker,
            linestyle=perturbation_line(attack),
            label=f"{model.title}, {perturbation_label(attack)}",
        )
        for model in paired_models(pairs)
        for attack in attacks
    ]
    legend_below(figure, handles, 2)
    key = "\n".join(f"{number}  {perturbation_label(name)}" for name, number in numbers.items())
    panels[-1].text(1.03, 1.0, key, transform=panels[-1].transAxes, va="top", fontsize=9.5)
    stamp(panels[0], panels[-1], sample)
    return figure


def _draw_line(axes: Axes, rows: pd.DataFrame, attack: str, model: Model) -> None:
    axes.plot(
        rows["distance"],
        rows["loss"],
        color=model.colour,
        marker=model.marker,
        linestyle=perturbation_line(attack),
    )
