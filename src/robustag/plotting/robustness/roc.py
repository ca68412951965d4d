"""ROC curves of nominal and adversarial trainings, on raw and on perturbed jets."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from robustag.attacks.labels import perturbation_label
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.reading import pick
from robustag.plotting.options import Pair, Perturbation
from robustag.plotting.style import (
    DISCRIMINATOR_AXES,
    ROLES,
    Model,
    arm_models,
    epsilon_colours,
    perturbation_line,
    stamp,
    styled,
)

CURVE_COLUMNS = ["model", "seed", "perturbation", "epsilon", "discriminator", "efficiency", "mistag"]
MISTAG_RANGE = (1e-3, 1.0)
INSET_RANGE = (8e-3, 1.2e-2)
"""Mis-tag rates of the inset, as in the study (arXiv:2203.13890, its evaluation code)."""


def roc_table(
    curves: pd.DataFrame,
    metrics: pd.DataFrame,
    discriminator: str,
    models: Sequence[Model],
    perturbations: Sequence[Perturbation],
) -> pd.DataFrame:
    """Seed-averaged ROC curves of every model, on raw jets and on perturbed ones.

    Parameters
    ----------
    curves : DataFrame
        The curves table, columns ``CURVE_COLUMNS``.
    metrics : DataFrame
        The metrics table, for the areas under the curves.
    discriminator : str
        BvL, BvC, CvB or CvL.
    models : sequence of Model
        From `paired_models`.
    perturbations : sequence of Perturbation
        The raw jets are those of the first.

    Returns
    -------
    DataFrame
        Columns model, perturbation ("raw" or a name), epsilon, discriminator, efficiency, ``mistag`` and
        ``ratio`` (to the mis-tag rate of the raw jets at the same efficiency, training by training; NaN where
        no raw jet is mis-tagged), with the spread over seeds as ``_low`` and ``_high`` of both; ``auc`` and
        ``auc_error`` (statistics and seeds) repeat on each row.
    """
    measured = Measurements(metrics)
    parts = []
    for model in models:
        raw = None
        for shown in [Perturbation(perturbations[0].name, 0.0), *perturbations]:
            wanted: dict[str, Any] = {
                "model": model.name,
                "perturbation": shown.name,
                "epsilon": shown.epsilon,
                "discriminator": discriminator,
            }
            by_seed = pick(curves, "curves", **wanted).pivot(
                index="efficiency", columns="seed", values="mistag"
            )
            raw = by_seed if raw is None else raw
            area = measured.measurement(**wanted, metric="auc")
            mistag, spread = _mean_and_spread(by_seed)
            ratio, ratio_spread = _mean_and_spread(by_seed / raw.where(raw > 0))
            parts.append(
                pd.DataFrame(
                    {
                        "model": model.name,
                        "perturbation": shown.name if shown.epsilon else "raw",
                        "epsilon": shown.epsilon,
                        "discriminator": discriminator,
                        "efficiency": by_seed.index,
                        "mistag": mistag.to_numpy(),
                        "mistag_low": (mistag - spread).clip(lower=0.0).to_numpy(),
                        "mistag_high": (mistag + spread).clip(upper=1.0).to_numpy(),
                        "ratio": ratio.to_numpy(),
                        "ratio_low": (ratio - ratio_spread).to_numpy(),
                        "ratio_high": (ratio + ratio_spread).to_numpy(),
                        "auc": area.mean,
                        "auc_error": area.total,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _mean_and_spread(by_seed: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Over seeds; one seed has no spread."""
    return by_seed.mean(axis=1), by_seed.std(axis=1, ddof=1).fillna(0.0)


@styled
def draw_roc(table: pd.DataFrame, pairs: Sequence[Pair], sample: str) -> Figure:
    """One column an arm: mis-tag rate against efficiency with an inset at 1 %, and below it the ratio
    to that of raw jets.

    Parameters
    ----------
    table : DataFrame
        From `roc_table` for all paired models.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    """
    arms = [pair.label for pair in pairs]
    figure = Figure(figsize=(5.1 * len(arms), 8.8))
    panels, ratios = figure.subplots(
        2, len(arms), sharex=True, sharey="row", squeeze=False, height_ratios=(2.4, 1)
    )
    # Beside the curves: above those of a good discriminator, below those of a poor one.
    place = (0.09, 0.55, 0.45, 0.31) if max(_crossings(table)) > 0.45 else (0.52, 0.09, 0.45, 0.31)
    for axes, below, arm in zip(panels, ratios, arms, strict=True):
        models = arm_models(pairs, arm)
        inset = axes.inset_axes(place)
        for model in models:
            curves = _curves(table, model.name)
            for (perturbation, epsilon), curve in curves.items():
                look = {"color": model.colour, "linestyle": perturbation_line(perturbation)}
                jets = Perturbation(perturbation, epsilon).short if epsilon else "raw"
                label = f"{model.role}, {jets}:  {_area(curve)}"
                _draw_curve(axes, curve, look, label)
                _draw_curve(inset, curve, look)
                if epsilon:
                    _draw_ratio(below, curve, curves["raw", 0.0], look)
        _zoom(inset, table[table["model"].isin([model.name for model in models])])
        _finish(axes, f"{arm} arm")
        below.axhline(1.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
        below.set_xlabel(_axis_labels(table)[0])
        handles, labels = axes.get_legend_handles_labels()
        _legend(below, 0.35, "training, jets and epsilon:  AUC", handles=handles, labels=labels)
    panels[0].set_ylabel(_axis_labels(table)[1])
    ratios[0].set_ylabel("ratio to raw", loc="center")
    stamp(panels[0], panels[-1], sample)
    return figure


@styled
def draw_roc_scan(tables: Mapping[str, pd.DataFrame], pair: Pair, sample: str) -> Figure:
    """How ROC curves move with epsilon: a row a training, a column a perturbation.

    Parameters
    ----------
    tables : mapping of perturbation to DataFrame
        From `roc_table` for the models of ``pair``, one perturbation each, at several epsilons.
    pair : Pair
        The two models.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(4.7 * len(tables), 6.4 * len(ROLES)))
    panels = figure.subplots(len(ROLES), len(tables), sharey=True, squeeze=False)
    cells = [(role, perturbation) for role in ROLES for perturbation in tables]
    for axes, (role, perturbation) in zip(panels.flat, cells, strict=True):
        table = tables[perturbation]
        colours = epsilon_colours(table["epsilon"].unique())
        for (name, epsilon), curve in _curves(table, pair.model(role)).items():
            look = {"color": colours[epsilon], "linestyle": perturbation_line(name)}
            text = "raw" if epsilon == 0 else rf"$\varepsilon$ = {epsilon:g}"
            _draw_curve(axes, curve, look, f"{text}:  {_area(curve)}")
        title = f"{pair.label}, {role}\n{perturbation_label(perturbation)}"
        _finish(axes, title)
        axes.set_xlabel(_axis_labels(table)[0])
        _legend(axes, 0.15, "jets:  AUC")
    for row in panels:
        row[0].set_ylabel(_axis_labels(table)[1])
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _curves(table: pd.DataFrame, model: str) -> dict[tuple[str, float], pd.DataFrame]:
    """Those of a model, by perturbation and epsilon."""
    return dict(iter(table[table["model"] == model].groupby(["perturbation", "epsilon"], sort=False)))


def _area(curve: pd.DataFrame) -> str:
    return f"{curve['auc'].iloc[0]:.4f} ± {curve['auc_error'].iloc[0]:.4f}"


def _axis_labels(table: pd.DataFrame) -> tuple[str, str]:
    return DISCRIMINATOR_AXES[table["discriminator"].iloc[0]]


def _draw_curve(axes: Axes, curve: pd.DataFrame, look: Mapping[str, Any], label: str | None = None) -> None:
    """A line with the band of its seeds; a mis-tag rate of zero has no place on a logarithmic axis."""
    shown = curve[curve["mistag"] > 0]
    axes.plot(shown["efficiency"], shown["mistag"], label=label, **look)
    low = np.maximum(shown["mistag_low"], MISTAG_RANGE[0] / 10)
    axes.fill_between(
        shown["efficiency"], low, shown["mistag_high"], color=look["color"], alpha=0.2, linewidth=0
    )


def _draw_ratio(axes: Axes, curve: pd.DataFrame, raw: pd.DataFrame, look: Mapping[str, Any]) -> None:
    """The ratio to raw jets, where these are mis-tagged often enough for the panel above."""
    shown = curve[(raw["mistag"] >= MISTAG_RANGE[0]).to_numpy()]
    axes.plot(shown["efficiency"], shown["ratio"], **look)
    axes.fill_between(
        shown["efficiency"],
        shown["ratio_low"],
        shown["ratio_high"],
        color=look["color"],
        alpha=0.2,
        linewidth=0,
    )


def _finish(axes: Axes, title: str) -> None:
    axes.set(yscale="log", ylim=MISTAG_RANGE, xlim=(0.0, 1.0))
    # Short labels at the ends, which do not run into those of the next panel.
    axes.xaxis.set_major_formatter("{x:g}")
    axes.text(0.04, 0.96, title, transform=axes.transAxes, va="top", fontweight="bold")


def _legend(axes: Axes, distance: float, title: str, **entries: Any) -> None:
    """A legend below a panel, so many of its heights away."""
    axes.legend(title=title, loc="upper center", bbox_to_anchor=(0.5, -distance), alignment="left", **entries)


def _crossings(table: pd.DataFrame) -> list[float]:
    """Efficiencies at which the curves enter and leave the inset."""
    return [
        float(efficiency)
        for _, curve in table.groupby(["model", "perturbation", "epsilon"])
        for efficiency in np.interp(INSET_RANGE, curve["mistag"], curve["efficiency"])
    ]


def _zoom(axes: Axes, table: pd.DataFrame) -> None:
    """Mis-tag rates around 1 %, and the efficiencies that the curves have there."""
    crossings = _crossings(table)
    low, high = min(crossings), max(crossings)
    margin = 0.08 * (high - low)
    axes.set(yscale="log", ylim=INSET_RANGE, xlim=(max(low - margin, 0.0), min(high + margin, 1.0)))
    axes.yaxis.set_major_locator(FixedLocator(INSET_RANGE))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticklabels([f"{100 * rate:g} %" for rate in INSET_RANGE])
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.tick_params(labelsize=9, length=3, which="both")
