"""Reliability of the predicted probabilities, raw and attacked."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from robustag.classes import CLASSES
from robustag.evaluation.reading import pick
from robustag.plotting.columns import in_front, share_error
from robustag.plotting.options import RAW, Pair, Perturbation
from robustag.plotting.style import (
    FLAVOUR_LABELS,
    TRUSTED_COUNT,
    Model,
    legend_below,
    paired_models,
    perturbation_line,
    stamp,
    styled,
)

CALIBRATION_COLUMNS = [
    *("model", "seed", "perturbation", "epsilon", "flavour", "low", "high"),
    *("predicted", "observed", "total", "effective"),
]


def calibration_table(calibration: pd.DataFrame, pair: Pair, attack: Perturbation) -> pd.DataFrame:
    """Reliability of the two models of a pair, raw and attacked.

    Parameters
    ----------
    calibration : DataFrame
        The calibration table, columns ``CALIBRATION_COLUMNS``.
    pair : Pair
        The two models.
    attack : Perturbation
        Attack and strength.

    Returns
    -------
    DataFrame
        Columns model, perturbation ("raw" or the attack), epsilon, flavour, low, high (bin of the predicted
        probability), ``predicted`` (mean), ``observed`` (fraction), ``jets`` (effective number of the
        weighted ones, mean over seeds) and ``error`` of the observed fraction: that of a share of so many
        jets, and the spread over seeds / sqrt(seeds), added in quadrature. Empty bins are left out.
    """
    parts = []
    for model in paired_models([pair]):
        rows = pick(calibration, "calibration", model=model.name, perturbation=attack.name)
        for shown in (RAW, attack):
            at = pick(rows, "calibration", epsilon=shown.epsilon)
            at = at[(at["total"] > 0) & at["flavour"].isin(CLASSES)]
            weighted = at.assign(predicted=at["predicted"] * at["total"], hits=at["observed"] * at["total"])
            bins = weighted.groupby(["flavour", "low", "high"])
            sums, seeds = bins[["predicted", "hits", "total"]].sum(), bins["seed"].nunique()
            observed, jets = sums["hits"] / sums["total"], bins["effective"].mean()
            spread = at.groupby(["flavour", "low", "high"])["observed"].std(ddof=1)
            part = pd.DataFrame(
                {
                    "predicted": sums["predicted"] / sums["total"],
                    "observed": observed,
                    "jets": jets,
                    "error": share_error(observed, jets, spread, seeds),
                }
            ).reset_index()
            front = {"model": model.name, "perturbation": shown.name, "epsilon": shown.epsilon}
            parts.append(in_front(part, **front))
    return pd.concat(parts, ignore_index=True)


@styled
def draw_calibration(table: pd.DataFrame, models: Sequence[Model], sample: str) -> Figure:
    """A column a flavour: observed against predicted probability above, their difference below.

    Parameters
    ----------
    table : DataFrame
        From `calibration_table`.
    models : sequence of Model
        The two of the pair, from `arm_models`.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(1.0 + 3.1 * len(CLASSES), 6.8))
    panels = figure.subplots(2, len(CLASSES), sharex=True, sharey="row", height_ratios=(2, 1))
    for column, flavour in enumerate(CLASSES):
        shares, gaps = panels[:, column]
        for model in models:
            own = (table["model"] == model.name) & (table["flavour"] == flavour)
            rows = table[own & (table["jets"] >= TRUSTED_COUNT)]
            for (perturbation, epsilon), line in rows.groupby(["perturbation", "epsilon"], sort=False):
                name = Perturbation(perturbation, epsilon).title
                for axes, subtracted in ((shares, 0.0), (gaps, line["predicted"])):
                    axes.errorbar(
                        line["predicted"],
                        line["observed"] - subtracted,
                        yerr=line["error"],
                        color=model.colour,
                        linestyle=perturbation_line(perturbation),
                        marker=model.marker,
                        markersize=3.5,
                        elinewidth=1,
                        label=f"{model.title}, {name}",
                    )
        reference = {"color": "black", "linewidth": 0.8, "linestyle": (0, (1, 1))}
        shares.plot((0, 1), (0, 1), **reference)
        gaps.axhline(0.0, **reference)
        shares.text(0.05, 0.92, FLAVOUR_LABELS[flavour], transform=shares.transAxes, fontweight="bold")
        gaps.set_xlabel(f"predicted P({flavour})")
    panels[0, 0].set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), ylabel="observed share")
    # Short labels at the ends, which do not run into those of the next panel.
    panels[0, 0].xaxis.set_major_formatter("{x:g}")
    panels[1, 0].set_ylabel("observed - predicted", loc="center", fontsize=11)
    gaps = (table["observed"] - table["predicted"])[table["jets"] >= TRUSTED_COUNT].abs()
    reach = 1.15 * gaps.max() if gaps.any() else 0.1
    panels[1, 0].set_ylim(-reach, reach)
    # A panel without trusted bins has nothing to name.
    named = {h.get_label(): h for axes in panels[0] for h in axes.get_legend_handles_labels()[0]}
    handles = list(named.values())
    legend_below(figure, handles, 2)
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure
