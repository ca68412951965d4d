"""What robustness costs: performance on raw jets against what attacks take of it, of every recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from robustag.attacks.catalogue import ATTACKS
from robustag.evaluation.differences import Measurement
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.reading import METRIC_COLUMNS, pick
from robustag.plotting.options import Perturbation
from robustag.plotting.style import legend_below, stamp, styled
from robustag.training.catalogue import RECIPES

PARETO_COLUMNS = [*METRIC_COLUMNS, "n"]
_KEY = "training: its epsilons (marker sizes)"
# Of the recipes, in the order in which they appear.
_COLOURS = ("#000000", "#E69F00", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#882255", "#44AA99")
_MARKERS = "osD^vP<X*"


@dataclass(frozen=True)
class Training:
    """A model of the comparison and how it was trained.

    Attributes
    ----------
    model
        Its name in the tables.
    recipe
        Definition of the recipe, with ``name``.
    network
        Name of its network.
    """

    model: str
    recipe: Mapping[str, Any]
    network: str

    @property
    def label(self) -> str:
        """The recipe as a legend names it; a mixed batch is a recipe of its own."""
        recipe = self.recipe
        entry = ATTACKS[recipe["attack"]["name"]] if "attack" in recipe else RECIPES[recipe["name"]]
        share = f", {100 * recipe['share']:g} % of the batch" if "share" in recipe else ""
        return entry.label + share


@dataclass(frozen=True)
class Comparison:
    """What the figure compares, and under what.

    Attributes
    ----------
    trainings
        The models; networks are named where they are other than that of the first.
    attacks
        The columns, in order.
    discriminators
        The rows, in order.
    """

    trainings: Sequence[Training]
    attacks: Sequence[Perturbation]
    discriminators: Sequence[str]

    def label(self, training: Training) -> str:
        """What a legend calls a training."""
        network = training.network
        other = "" if network == self.trainings[0].network else f", {network.replace('_', ' ')}"
        return training.label + other


def pareto_table(metrics: pd.DataFrame, compared: Comparison) -> pd.DataFrame:
    """AUC on raw jets and what each attack takes of it, of every model of the comparison.

    Parameters
    ----------
    metrics : DataFrame
        The collected table ``pareto``, columns ``PARETO_COLUMNS``.
    compared : Comparison

    Returns
    -------
    DataFrame
        Columns discriminator, perturbation, epsilon, model, recipe, ``training_epsilon``, ``seeds``, and for
        ``raw`` (AUC on the raw jets of the attack that has most of them) and ``loss`` (of AUC, on the jets of
        the attack itself): mean over seeds, ``_statistical`` and ``_seed`` error. The seed error of a model
        that was trained once is the spread that the others have on average.
    """
    measured = Measurements(metrics)
    rows = []
    for discriminator in compared.discriminators:
        whole = _most_jets(metrics, compared, discriminator)
        for attack in compared.attacks:
            for training in compared.trainings:
                wanted: dict[str, Any] = {
                    "model": training.model,
                    "discriminator": discriminator,
                    "metric": "auc",
                }
                raw = measured.measurement(**wanted, perturbation=whole, epsilon=0.0)
                loss = measured.harm(**wanted, perturbation=attack.name, epsilon=attack.epsilon)
                rows.append(
                    {
                        "discriminator": discriminator,
                        "perturbation": attack.name,
                        "epsilon": attack.epsilon,
                        "model": training.model,
                        "recipe": compared.label(training),
                        "training_epsilon": training.recipe.get("epsilon", 0.0),
                        "seeds": len(raw.seeds),
                        **_columns("raw", raw),
                        **_columns("loss", loss),
                    }
                )
    table = pd.DataFrame(rows)
    for column in ("raw_seed", "loss_seed"):
        each = table[column] * np.sqrt(table["seeds"])
        typical = each.groupby([table["discriminator"], table["perturbation"]]).transform("mean")
        table[column] = table[column].fillna(typical)
    return table


def _most_jets(metrics: pd.DataFrame, compared: Comparison, discriminator: str) -> str:
    """The attack that is made on most jets, the first of equals: its raw jets are those of all panels."""
    jets = {
        attack.name: pick(
            metrics, "pareto", perturbation=attack.name, discriminator=discriminator, metric="auc"
        )["n"].max()
        for attack in compared.attacks
    }
    return max(jets, key=jets.__getitem__)


@styled
def draw_pareto(table: pd.DataFrame, compared: Comparison, sample: str) -> Figure:
    """One row a discriminator, one column an attack; a colour a recipe, joined in order of its epsilon.

    The larger the epsilon of a training, the larger its marker; the legend lists them. Error bars are the
    spread over training seeds; the error of the test sample, which the points have in common, is told in the
    corner.

    Parameters
    ----------
    table : DataFrame
        From `pareto_table`.
    compared : Comparison
    sample : str
        What was simulated.
    """
    discriminators, attacks = compared.discriminators, compared.attacks
    styles = zip(cycle(_COLOURS), cycle(_MARKERS), strict=False)
    looks = dict(zip(table["recipe"].unique(), styles, strict=False))
    sizes = {
        epsilon: 4.5 + 1.5 * rank for rank, epsilon in enumerate(sorted(table["training_epsilon"].unique()))
    }
    figure = Figure(figsize=(1.0 + 4.2 * len(attacks), 2.2 + 3.7 * len(discriminators)))
    panels = figure.subplots(len(discriminators), len(attacks), squeeze=False, sharex="row", sharey="row")
    for row, discriminator in enumerate(discriminators):
        for column, attack in enumerate(attacks):
            axes = panels[row, column]
            shown = table[(table["discriminator"] == discriminator) & (table["perturbation"] == attack.name)]
            # The last one first, so that the small marker of the nominal training lies on top.
            for recipe, (colour, marker) in reversed(looks.items()):
                points = shown[shown["recipe"] == recipe].sort_values("training_epsilon")
                _draw_recipe(axes, points, colour, marker, sizes)
            _tell_common_error(axes, shown)
            axes.set_xlabel(f"{discriminator} AUC, raw")
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.margins(0.15, 0.2)
            name = {"transform": axes.transAxes, "va": "top", "fontweight": "bold"}
            axes.text(0.04, 0.95, f"under {attack.short}", **name)
        _scale_losses(panels[row, 0], table.loc[table["discriminator"] == discriminator, "loss"])
        panels[row, 0].set_ylabel(f"loss of {discriminator} AUC")
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", label=_key(table, recipe))
        for recipe, (colour, marker) in looks.items()
    ]
    legend_below(figure, handles, 3, title=_KEY)
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _scale_losses(axes: Axes, losses: pd.Series) -> None:
    """A logarithmic axis, unless a loss has no place on it."""
    if (losses > 0).all():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())


def _key(table: pd.DataFrame, recipe: str) -> str:
    """A recipe and the epsilons with which it was trained, as the legend lists them."""
    epsilons = sorted(set(table.loc[table["recipe"] == recipe, "training_epsilon"]) - {0.0})
    return f"{recipe}: {', '.join(f'{epsilon:g}' for epsilon in epsilons)}" if epsilons else recipe


def _draw_recipe(
    axes: Axes, points: pd.DataFrame, colour: str, marker: str, sizes: Mapping[float, float]
) -> None:
    axes.errorbar(
        *(points["raw"], points["loss"]),
        xerr=points["raw_seed"],
        yerr=points["loss_seed"],
        color=colour,
        linestyle=(0, (1, 1.5)),
        linewidth=1.0,
    )
    for _, point in points.iterrows():
        size = sizes[point["training_epsilon"]]
        axes.plot(point["raw"], point["loss"], color=colour, marker=marker, markersize=size)


def _tell_common_error(axes: Axes, shown: pd.DataFrame) -> None:
    """The statistical errors in the lower right corner."""
    raw, loss = shown["raw_statistical"].mean(), shown["loss_statistical"].mean()
    text = f"test sample: ± {raw:.4f} raw, ± {loss:.4f} loss"
    axes.text(0.97, 0.03, text, transform=axes.transAxes, ha="right", fontsize=10, color="#555555")


def _columns(name: str, measured: Measurement) -> dict[str, float]:
    return {
        name: measured.mean,
        f"{name}_statistical": measured.statistical,
        f"{name}_seed": measured.seed,
    }
