"""What robustness costs: clean against attacked performance of every recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustag.attacks.catalogue import ATTACKS
from robustag.evaluation.differences import Measurement, measurement
from robustag.plotting.options import Perturbation
from robustag.plotting.style import stamp, styled
from robustag.training.catalogue import RECIPES

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
    """Clean and attacked AUC of every model of the comparison.

    Parameters
    ----------
    metrics : DataFrame
        The collected table ``pareto``.
    compared : Comparison

    Returns
    -------
    DataFrame
        Columns discriminator, perturbation, epsilon, model, recipe, ``training_epsilon``, ``seeds``, and for
        ``clean`` and ``robust``: mean over seeds, ``_statistical`` and ``_seed`` error. The seed error of
        a model that was trained once is the spread that the others have on average.
    """
    rows = []
    for discriminator in compared.discriminators:
        for attack in compared.attacks:
            for training in compared.trainings:
                wanted: dict[str, Any] = {
                    "model": training.model,
                    "perturbation": attack.name,
                    "discriminator": discriminator,
                }
                clean = measurement(metrics, **wanted, metric="auc", epsilon=0.0)
                robust = measurement(metrics, **wanted, metric="auc", epsilon=attack.epsilon)
                rows.append(
                    {
                        "discriminator": discriminator,
                        "perturbation": attack.name,
                        "epsilon": attack.epsilon,
                        "model": training.model,
                        "recipe": compared.label(training),
                        "training_epsilon": training.recipe.get("epsilon", 0.0),
                        "seeds": len(clean.seeds),
                        **_columns("clean", clean),
                        **_columns("robust", robust),
                    }
                )
    table = pd.DataFrame(rows)
    for column in ("clean_seed", "robust_seed"):
        each = table[column] * np.sqrt(table["seeds"])
        typical = each.groupby([table["discriminator"], table["perturbation"]]).transform("mean")
        table[column] = table[column].fillna(typical)
    return table


@styled
def draw_pareto(table: pd.DataFrame, compared: Comparison, sample: str) -> Figure:
    """One row a discriminator, one column an attack; a colour a recipe, joined in order of its epsilon.

    Error bars are the spread over training seeds; the error of the test sample, which the points have in
    common, is told in the corner.

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
    figure = Figure(figsize=(1.0 + 5.0 * len(attacks), 1.8 + 4.2 * len(discriminators)))
    panels = figure.subplots(len(discriminators), len(attacks), squeeze=False)
    for row, discriminator in enumerate(discriminators):
        for column, attack in enumerate(attacks):
            axes = panels[row, column]
            shown = table[(table["discriminator"] == discriminator) & (table["perturbation"] == attack.name)]
            for recipe, (colour, marker) in looks.items():
                points = shown[shown["recipe"] == recipe].sort_values("training_epsilon")
                _draw_recipe(axes, points, colour, marker, recipe)
            _tell_common_error(axes, shown)
            axes.set_xlabel(f"{discriminator} AUC, raw")
            axes.set_ylabel(f"{discriminator} AUC, {attack.short}")
            axes.margins(0.15)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=3, title="training (number: its epsilon)"
    )
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _draw_recipe(axes: Axes, points: pd.DataFrame, colour: str, marker: str, label: str) -> None:
    axes.errorbar(
        *(points["clean"], points["robust"]),
        xerr=points["clean_seed"],
        yerr=points["robust_seed"],
        color=colour,
        marker=marker,
        linestyle=(0, (1, 1.5)),
        linewidth=1.0,
        elinewidth=1.2,
        label=label,
    )
    for _, point in points[points["training_epsilon"] > 0].iterrows():
        axes.annotate(
            f"{point['training_epsilon']:g}",
            (point["clean"], point["robust"]),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=9,
            color=colour,
        )


def _tell_common_error(axes: Axes, shown: pd.DataFrame) -> None:
    """The statistical errors in the lower right corner."""
    raw, attacked = shown["clean_statistical"].mean(), shown["robust_statistical"].mean()
    text = f"test sample: ± {raw:.4f} raw, ± {attacked:.4f} attacked"
    axes.text(0.97, 0.03, text, transform=axes.transAxes, ha="right", fontsize=9, color="#555555")


def _columns(name: str, measured: Measurement) -> dict[str, float]:
    return {
        name: measured.mean,
        f"{name}_statistical": measured.statistical,
        f"{name}_seed": measured.seed,
    }
