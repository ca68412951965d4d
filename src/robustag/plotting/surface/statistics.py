"""How steep, curved and stable the loss is around many jets, model by model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from robustag.evaluation.differences import Measurement
from robustag.evaluation.reading import pick
from robustag.plotting.columns import seed_averaged
from robustag.plotting.options import Pair
from robustag.plotting.style import (
    FLAVOUR_COLOURS,
    legend_below,
    model_handles,
    paired_models,
    stamp,
    styled,
    symmetric_epsilon_axis,
)

STATISTIC_COLUMNS = [
    *("model", "seed", "flavour", "statistic", "summary", "epsilon", "value", "replicates"),
]
_KEY = ["flavour", "statistic", "summary", "epsilon"]

#: Panels: statistic, summary, what the axis says, and whether values are over those of the nominal training
#: of the same arm (of the first one, where several share a model), for the arms have other losses.
BY_FLAVOUR = [
    ("grad_l1", "median", r"gradient norm $\|\nabla_x L\|_1$, nominal = 1", True),
    ("margin_l1", "median", r"slope of the logit margin ($L_1$), nominal = 1", True),
    ("curvature", "median", "largest Hessian eigenvalue, nominal = 1", True),
    ("distance", "median", r"distance to the border, $L_\infty$ [$\sigma$]", False),
    ("interaction", "median", "interaction of the two inputs", False),
    ("gradient_share", "median", "share of the gradient in principal directions", False),
    ("grad_l1", "rank_correlation", "rank correlation, gradient norm and distance", False),
]
BY_EPSILON = [
    ("gradient_cosine", "median", "cosine of gradients before and after the step"),
    ("sign_agreement", "median", "share of signs kept over the step"),
    ("linearity_error", "median", "relative error of linearity over the step"),
]


def statistics_table(statistics: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Every statistic of the paired models: mean over training seeds, with its errors.

    Parameters
    ----------
    statistics : DataFrame
        Columns ``STATISTIC_COLUMNS``.
    pairs : sequence of Pair
        The compared models.

    Returns
    -------
    DataFrame
        Columns arm, role, model, flavour, statistic, summary, epsilon, value, and its errors statistical,
        seed and (total) error. Of nothing, such as the distance of c jets where none is read right, all NaN.
    """
    rows = []
    for model in paired_models(pairs):
        chosen = pick(statistics, "surface_statistics", model=model.name)
        for key, group in chosen.groupby(_KEY, sort=False, dropna=False):
            group = group.sort_values("seed")
            number = Measurement(
                tuple(group["seed"]), group["value"].to_numpy(), np.stack(group["replicates"].to_list())
            )
            rows.append(
                {
                    "arm": model.arm,
                    "role": model.role,
                    "model": model.name,
                    **dict(zip(_KEY, key, strict=True)),
                    **seed_averaged("value", number),
                }
            )
    return pd.DataFrame(rows)


@styled
def draw_statistics(table: pd.DataFrame, pairs: Sequence[Pair], sample: str) -> Figure:
    """A panel a statistic: by flavour at the jets, and over the size of an FGSM step for all jets.

    Parameters
    ----------
    table : DataFrame
        From `statistics_table`.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    """
    models = paired_models(pairs)
    figure = Figure(figsize=(20.0, 8.6))
    panels = figure.subplots(2, 5).ravel()
    flavours = list(FLAVOUR_COLOURS)
    for axes, (statistic, summary, label, relative) in zip(panels, BY_FLAVOUR, strict=False):
        rows = table[(table["statistic"] == statistic) & (table["summary"] == summary)]
        for number, model in enumerate(models):
            own, nominal = (
                rows[rows["model"] == name].set_index("flavour").reindex(flavours)
                for name in (model.name, model.nominals[0])
            )
            if relative:
                own = own[["value", "error"]].div(nominal["value"], axis=0)
            if statistic == "distance":
                own = own.where(own["value"] > 0)
            # Side by side, inside the flavour's place however many models there are.
            step = min(0.16, 0.8 / len(models))
            place = np.arange(len(flavours)) + step * (number - (len(models) - 1) / 2)
            _draw_points(axes, place, own, model, "none")
        axes.set_xlim(-0.5, len(flavours) - 0.5)
        axes.set_xticks(range(len(flavours)), labels=flavours)
        axes.tick_params(axis="x", which="minor", bottom=False, top=False)
        if relative:
            axes.set_ylim(bottom=0.0)
        if statistic == "distance":
            _logarithmic(axes, rows.set_index("flavour")["value"])
        axes.set_xlabel("flavour")
        axes.set_ylabel(label, fontsize=11.5)
    for axes, (statistic, summary, label) in zip(panels[len(BY_FLAVOUR) :], BY_EPSILON, strict=True):
        rows = pick(table, "statistics", statistic=statistic, summary=summary, flavour="all")
        for model in models:
            own = pick(rows, "statistics", model=model.name).sort_values("epsilon")
            _draw_points(axes, own["epsilon"], own, model, "-")
        symmetric_epsilon_axis(axes, rows["epsilon"].unique())
        axes.set_xlim(left=0.7 * rows["epsilon"].min())
        axes.tick_params(axis="x", labelrotation=45)
        axes.set_ylabel(label, fontsize=11.5)
    chance = pick(table, "statistics", statistic="chance_share", summary="median")
    shares = panels[[entry[0] for entry in BY_FLAVOUR].index("gradient_share")]
    shares.axhline(chance["value"].mean(), color="black", linewidth=1.0, linestyle=(0, (1, 1)))
    shares.annotate("random direction", (0.03, chance["value"].mean()), xycoords=("axes fraction", "data"))
    shares.set_ylim(bottom=0.0)
    legend_below(figure, model_handles(models), len(models))
    stamp(panels[0], panels[4], sample)
    return figure


def _logarithmic(axes: Axes, values: pd.Series) -> None:
    """Distances on a logarithmic axis. Those of zero have no place there, which is said at their flavour."""
    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    for place, flavour in enumerate(FLAVOUR_COLOURS):
        own = values[values.index == flavour]
        if (own == 0).any():
            some = "0" if (own == 0).all() else "0 for some"
            axes.annotate(
                f"{some}: most\nare misread",
                (place, 0.04),
                xycoords=("data", "axes fraction"),
                ha="center",
                fontsize=10,
            )


def _draw_points(axes: Axes, place: Any, rows: pd.DataFrame, model: Any, line: str) -> None:
    axes.errorbar(
        place,
        rows["value"],
        yerr=rows["error"],
        color=model.colour,
        marker=model.marker,
        linestyle=line,
        capsize=2,
    )
