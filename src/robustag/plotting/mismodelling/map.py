"""Attacks and mismodellings on one footing: how far the inputs move against what the tagger loses."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
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
_NUMBER_ROOM = 11.0  # points between a number's middle and anything else
_DISTANCE = "Jensen-Shannon divergence of the inputs [nats]"


def input_divergences(histograms: pd.DataFrame, inputs: Sequence[str]) -> pd.DataFrame:
    """How far the distributions of the inputs move, for every model, perturbation and strength.

    The Jensen-Shannon divergence in nats between clean and changed jets, 0 for none and ln 2 for no overlap,
    in the range of each histogram; mean over inputs, flavours and seeds.

    Parameters
    ----------
    histograms : DataFrame
        The collected table.
    inputs : sequence of str
        Quantities of the table that are inputs.

    Returns
    -------
    DataFrame
        Columns model, perturbation, epsilon, ``distance``, ``chance`` (what as many jets of other collisions
        have on average without any change: (filled bins - 1) (1 / n + 1 / n') / 8).
    """
    of_inputs = histograms[histograms["quantity"].isin(inputs)]
    keys = ["model", "perturbation", "seed", "quantity", "flavour"]
    counts = of_inputs.pivot_table(index=[*keys, "low"], columns="epsilon", values="count", sort=False)
    jets = counts.groupby(level=keys).sum(min_count=1)
    share = counts / counts.groupby(level=keys).transform("sum")
    parts = []
    for epsilon in share.columns.drop(0.0):
        clean, changed = share[0.0], share[epsilon]
        middle = (clean + changed) / 2
        nats = ((rel_entr(clean, middle) + rel_entr(changed, middle)) / 2).groupby(level=keys)
        filled = (middle > 0).groupby(level=keys).sum()
        both = pd.DataFrame(
            {
                "distance": nats.sum(min_count=1),
                "chance": (filled - 1) * (1 / jets[0.0] + 1 / jets[epsilon]) / 8,
            }
        )
        mean = both.groupby(level=["model", "perturbation"]).mean().dropna()
        parts.append(mean.reset_index().assign(epsilon=epsilon))
    return pd.concat(parts, ignore_index=True)


def map_table(
    verdicts: pd.DataFrame,
    histograms: pd.DataFrame,
    inputs: Sequence[str],
    pairs: Sequence[Pair],
) -> pd.DataFrame:
    """Distance and loss of AUC of every attack and scenario, for every paired model.

    verdicts: rows of `robustag.evaluation.verdicts` for one discriminator; the others as `input_divergences`.
    Columns kind, perturbation, epsilon, discriminator, model, loss, error, distance, chance.
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
    """A panel an arm: attacks as lines over epsilon, scenarios as numbered points at their largest strength.

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
    scenarios = table[table["kind"] == "scenario"]
    scenarios = scenarios[
        scenarios["epsilon"] == scenarios.groupby("perturbation")["epsilon"].transform("max")
    ]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(scenarios["perturbation"]), start=1)}
    figure = Figure(figsize=(9.0, 2.2 + 4.2 * len(pairs)))
    panels = figure.subplots(len(pairs), 1, sharey=True, sharex=True, squeeze=False)[:, 0]
    lowest = min(-0.3 * _SMALLEST_LOSS, 1.3 * table["loss"].min())
    for axes, pair in zip(panels, pairs, strict=True):
        axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=_SMALLEST_LOSS)
        axes.axvspan(scenarios["chance"].min(), scenarios["chance"].max(), color="0.9", zorder=0)
        axes.axhline(0.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
        for model in arm_models(pairs, pair.label):
            own = table[table["model"] == model.name]
            for attack in attacks:
                _draw_line(axes, own[own["perturbation"] == attack].sort_values("epsilon"), attack, model)
            points = scenarios[scenarios["model"] == model.name]
            axes.errorbar(
                points["distance"],
                points["loss"],
                yerr=points["error"],
                color=model.colour,
                marker="o" if model.role == "nominal" else "D",
                markerfacecolor="white",
                linestyle="none",
                linewidth=1,
            )
        axes.set_ylabel(f"loss of {table['discriminator'].iloc[0]} AUC")
        axes.text(0.02, 0.95, f"{pair.label} arm", transform=axes.transAxes, va="top", fontweight="bold")
    panels[-1].set_xlabel(_DISTANCE)
    panels[-1].set_ylim(bottom=lowest)
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
    legend_below(figure, [*handles, Patch(color="0.9", label="other collisions without a change")], 2)
    key = "\n".join(f"{number}  {perturbation_label(name)}" for name, number in numbers.items())
    panels[0].text(1.03, 1.0, key, transform=panels[0].transAxes, va="top", fontsize=11, linespacing=1.35)
    stamp(panels[0], panels[0], sample)
    # The places of numbers follow from those of all points, which the layout decides.
    figure.draw_without_rendering()
    for axes, pair in zip(panels, pairs, strict=True):
        _number(axes, scenarios[scenarios["model"] == pair.nominal], numbers)
    return figure


def _draw_line(axes: Axes, rows: pd.DataFrame, attack: str, model: Model) -> None:
    axes.plot(
        rows["distance"],
        rows["loss"],
        color=model.colour,
        marker=model.marker,
        linestyle=perturbation_line(attack),
    )


def _number(axes: Axes, rows: pd.DataFrame, numbers: Mapping[str, int]) -> None:
    """Write numbers beside the points of rows: as near as there is room, or where there is the most."""
    angles = np.arange(8) * np.pi / 4
    sides = np.outer([13.0, 25.0], np.exp(1j * angles)).ravel().view(float).reshape(-1, 2)
    pixel = axes.figure.dpi / 72
    lines = [line for line in axes.lines if line.get_transform() == axes.transData]
    taken = np.concatenate([_along(line, axes) for line in lines]) / pixel
    for row in rows.dropna(subset="distance").itertuples():
        point = axes.transData.transform((row.distance, row.loss)) / pixel
        room = np.linalg.norm((point + sides)[:, None] - taken, axis=2).min(axis=1)
        side = sides[np.argmax(np.minimum(room, _NUMBER_ROOM))]
        axes.annotate(
            str(numbers[row.perturbation]),
            (row.distance, row.loss),
            xytext=side,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=11,
            arrowprops={"arrowstyle": "-", "color": "0.5", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2},
        )
        taken = np.vstack([taken, point + side])


def _along(line: Line2D, axes: Axes) -> np.ndarray:
    """Places [K, 2] in pixels that a line or its markers cover."""
    places = axes.transData.transform(np.column_stack(line.get_data()).astype(float))
    if line.get_linestyle() == "None" or len(places) < 2:
        return places
    steps = np.linspace(places[:-1], places[1:], 20)
    return steps.reshape(-1, 2)
