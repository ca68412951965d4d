"""The cross-check: does what helps against an attack also help against physics-inspired mismodelling?"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from robustag.evaluation.differences import Measurement
from robustag.evaluation.measurements import Comparison, Measurements
from robustag.plotting.columns import seed_averaged
from robustag.plotting.options import Mismodelling, Pair
from robustag.plotting.style import arm_models, legend_below, model_handles, paired_models, stamp, styled

#: What the panels show, from left to right.
QUANTITIES = ("loss", "change", "gain")
_MISTAG = "fixed_cut_mistag"


def mismodelling_table(
    metrics: pd.DataFrame,
    pairs: Sequence[Pair],
    mismodellings: Sequence[Mismodelling],
    discriminator: str,
    working_point: float,
) -> pd.DataFrame:
    """What every named mismodelling does to the paired models, and what adversarial training gains.

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
    working_point : float
        Mis-tag rate of the cut on clean jets.

    Returns
    -------
    DataFrame
        Columns label, perturbation, epsilon, discriminator, quantity, arm, model, ``value`` (mean over
        seeds), ``statistical``, ``seed`` and total ``error``. Quantities: ``loss``, AUC on raw jets minus AUC
        on changed ones; ``change``, relative change of the mis-tag rate at a cut fixed on clean jets; and,
        for the adversarial model of a pair, ``gain``, the size of the nominal model's change minus that of
        its own.
    """
    measurements = Measurements(metrics)
    rows = []
    for entry in mismodellings:
        case: Comparison = {"perturbation": entry.perturbation, "discriminator": discriminator}
        front = {"label": entry.label, **case, "epsilon": entry.epsilon}
        for quantity, arm, model, measured in _measured(
            measurements, pairs, case, entry.epsilon, working_point
        ):
            named = {"quantity": quantity, "arm": arm, "model": model}
            rows.append(front | named | seed_averaged("value", measured))
    return pd.DataFrame(rows)


def _measured(
    measurements: Measurements,
    pairs: Sequence[Pair],
    case: Comparison,
    epsilon: float,
    working_point: float,
) -> Iterator[tuple[str, str, str, Measurement]]:
    """Quantity, arm, model and number."""
    at_cut: Comparison = {**case, "working_point": working_point}
    for pair in pairs:
        for model in (pair.nominal, pair.adversarial):
            yield (
                *("loss", pair.label, model),
                measurements.harm(model=model, metric="auc", epsilon=epsilon, **case),
            )
            yield (
                *("change", pair.label, model),
                measurements.relative_change(model=model, metric=_MISTAG, epsilon=epsilon, **at_cut),
            )
        gain = measurements.robustness_gain(
            reference=pair.nominal,
            model=pair.adversarial,
            metric=_MISTAG,
            epsilon=epsilon,
            **at_cut,
        )
        yield "gain", pair.label, pair.adversarial, gain


@styled
def draw_mismodelling(
    table: pd.DataFrame, pairs: Sequence[Pair], working_point: float, sample: str
) -> Figure:
    """One row a mismodelling: AUC lost, change of the mis-tag rate, and the paired gain in the latter.

    Parameters
    ----------
    table : DataFrame
        From `mismodelling_table`.
    pairs : sequence of Pair
        The compared models.
    working_point : float
        Mis-tag rate of the cut on clean jets.
    sample : str
        What was simulated.
    """
    labels = list(dict.fromkeys(table["label"]))
    discriminator = table["discriminator"].iloc[0]
    titles = {
        "loss": f"loss of {discriminator} AUC",
        "change": f"change of mis-tag rate\nat a fixed cut ({working_point:g})",
        "gain": "its size: nominal\n$-$ adversarial",
    }
    figure = Figure(figsize=(8.6, 2.2 + (0.22 + 0.1 * len(pairs)) * len(labels)))
    panels = figure.subplots(1, len(QUANTITIES), sharey=True)
    for axes, quantity in zip(panels, QUANTITIES, strict=True):
        _points(axes, table[table["quantity"] == quantity], pairs, labels)
        axes.set_xlabel(titles[quantity], loc="center", fontsize="medium")
    stamp(panels[0], panels[-1], sample)
    models = paired_models(pairs)
    legend_below(figure, model_handles(models), len(models))
    return figure


def _points(axes: Axes, rows: pd.DataFrame, pairs: Sequence[Pair], labels: Sequence[str]) -> None:
    """The points of one panel; those of a row stand above one another, in the order of the legend."""
    looks = [(pair.label, model) for pair in pairs for model in arm_models(pairs, pair.label)]
    height = np.arange(len(labels))[::-1]
    for (arm, model), offset in zip(looks, np.linspace(0.3, -0.3, len(looks)), strict=True):
        own = rows[(rows["arm"] == arm) & (rows["model"] == model.name)].set_index("label")
        if own.empty:  # a gain is the adversarial model's
            continue
        own = own.loc[labels]
        axes.errorbar(
            own["value"],
            height + offset,
            xerr=own["error"],
            color=model.colour,
            marker=model.marker,
            markersize=4,
            linestyle="none",
            capsize=2,
        )
    axes.axvline(0.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    for line in height[:-1] - 0.5:
        axes.axhline(line, color="0.88", linewidth=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.set_yticks(height, labels=labels)
    axes.yaxis.set_minor_locator(NullLocator())
