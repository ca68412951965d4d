"""What the predicted probabilities are worth: reliability and confusion, raw and attacked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from robustag.classes import CLASSES
from robustag.plotting.labels import perturbation_label
from robustag.plotting.matrix import draw_matrix
from robustag.plotting.shapes import TRUSTED_COUNT
from robustag.plotting.style import (
    FLAVOUR_LABELS,
    ROLES,
    arm_models,
    legend_below,
    paired_models,
    perturbation_line,
    stamp,
    styled,
)
from robustag.plotting.tables import pick

_KEY = ["model", "seed", "perturbation", "epsilon"]
CALIBRATION_COLUMNS = [*_KEY, "flavour", "low", "high", "predicted", "observed", "total", "effective"]
CONFUSION_COLUMNS = [*_KEY, "true", "predicted", "count"]


def calibration_table(
    calibration: pd.DataFrame, pair: Mapping[str, str], options: Mapping[str, Any]
) -> pd.DataFrame:
    """Reliability of the two models of a pair, raw and attacked.

    Parameters
    ----------
    calibration : DataFrame
        The calibration table, columns ``CALIBRATION_COLUMNS``.
    pair : mapping
        ``label``, ``nominal``, ``adversarial``.
    options : mapping
        ``attack`` and ``epsilon``.

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
        rows = pick(calibration, "calibration", model=model.name, perturbation=options["attack"])
        for epsilon in (0.0, float(options["epsilon"])):
            at = pick(rows, "calibration", epsilon=epsilon)
            at = at[(at["total"] > 0) & at["flavour"].isin(CLASSES)]
            weighted = at.assign(predicted=at["predicted"] * at["total"], hits=at["observed"] * at["total"])
            bins = weighted.groupby(["flavour", "low", "high"])
            sums, seeds = bins[["predicted", "hits", "total"]].sum(), bins["seed"].nunique()
            observed, jets = sums["hits"] / sums["total"], bins["effective"].mean()
            spread = at.groupby(["flavour", "low", "high"])["observed"].std(ddof=1).fillna(0.0)
            part = pd.DataFrame(
                {
                    "predicted": sums["predicted"] / sums["total"],
                    "observed": observed,
                    "jets": jets,
                    "error": np.sqrt(observed * (1 - observed) / jets + spread**2 / seeds),
                }
            ).reset_index()
            part.insert(0, "epsilon", epsilon)
            part.insert(0, "perturbation", options["attack"] if epsilon else "raw")
            part.insert(0, "model", model.name)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


@styled
def draw_calibration(table: pd.DataFrame, pair: Mapping[str, str], options: Mapping[str, Any]) -> Figure:
    """A column a flavour: observed against predicted probability above, their difference below.

    Parameters
    ----------
    table : DataFrame
        From `calibration_table`.
    pair : mapping
        ``label``, ``nominal``, ``adversarial``.
    options : mapping
        ``pairs`` and ``sample``.
    """
    figure = Figure(figsize=(1.0 + 4.6 * len(CLASSES), 7.0))
    panels = figure.subplots(2, len(CLASSES), sharex=True, sharey="row", height_ratios=(2, 1))
    for column, flavour in enumerate(CLASSES):
        shares, gaps = panels[:, column]
        for model in arm_models(options["pairs"], pair["label"]):
            own = (table["model"] == model.name) & (table["flavour"] == flavour)
            rows = table[own & (table["jets"] >= TRUSTED_COUNT)]
            for (perturbation, epsilon), line in rows.groupby(["perturbation", "epsilon"], sort=False):
                name = perturbation_label(perturbation)
                name += rf", $\varepsilon$ = {epsilon:g}" if epsilon else ""
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
    panels[1, 0].set_ylabel("observed - predicted", loc="center", fontsize=11)
    gaps = (table["observed"] - table["predicted"])[table["jets"] >= TRUSTED_COUNT].abs()
    reach = 1.15 * gaps.max() if gaps.any() else 0.1
    panels[1, 0].set_ylim(-reach, reach)
    # A panel without trusted bins has nothing to name.
    named = {h.get_label(): h for axes in panels[0] for h in axes.get_legend_handles_labels()[0]}
    handles = list(named.values())
    legend_below(figure, handles, 2)
    stamp(panels[0, 0], panels[0, -1], options["sample"])
    return figure


def confusion_matrix(
    confusion: pd.DataFrame, pair: Mapping[str, str], options: Mapping[str, Any]
) -> pd.DataFrame:
    """Share of the jets of each true flavour that is taken for each flavour, raw and attacked.

    Parameters
    ----------
    confusion : DataFrame
        The confusion table, columns ``CONFUSION_COLUMNS``.
    pair, options : mapping
        As `calibration_table`.

    Returns
    -------
    DataFrame
        Columns role, perturbation, epsilon, true, predicted, ``share`` (mean over seeds) and ``error``:
        that of a share of so many jets, and the spread over seeds / sqrt(seeds), added in quadrature.
    """
    parts = []
    for role in ROLES:
        rows = pick(confusion, "confusion", model=pair[role], perturbation=options["attack"])
        for epsilon in (0.0, float(options["epsilon"])):
            counts = pick(rows, "confusion", epsilon=epsilon).pivot(
                index=["true", "predicted"], columns="seed", values="count"
            )
            jets = counts.groupby(level="true").transform("sum")
            shares = counts / jets
            share, seeds = shares.mean(axis=1), shares.shape[1]
            spread = shares.std(axis=1, ddof=1).fillna(0.0)
            error = np.sqrt(share * (1 - share) / jets.mean(axis=1) + spread**2 / seeds)
            part = pd.DataFrame({"share": share, "error": error}).reset_index()
            part.insert(0, "epsilon", epsilon)
            part.insert(0, "perturbation", options["attack"] if epsilon else "raw")
            part.insert(0, "role", role)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


@styled
def draw_confusion(table: pd.DataFrame, pair: Mapping[str, str], options: Mapping[str, Any]) -> Figure:
    """Nominal above adversarial, raw beside attacked: true flavour down, predicted across, in per cent.

    Parameters
    ----------
    table : DataFrame
        From `confusion_matrix`.
    pair : mapping
        ``label``, ``nominal``, ``adversarial``.
    options : mapping
        ``attack``, ``epsilon`` and ``sample``.
    """
    figure = Figure(figsize=(8.8, 8.8))
    panels = figure.subplots(len(ROLES), 2, sharex=True, sharey=True)
    attack = rf"{perturbation_label(options['attack'])}, $\varepsilon$ = {options['epsilon']:g}"
    flavours, names = list(CLASSES), [FLAVOUR_LABELS[flavour] for flavour in CLASSES]
    for row, role in enumerate(ROLES):
        for axes, epsilon, name in zip(
            panels[row], (0.0, float(options["epsilon"])), ("raw", attack), strict=True
        ):
            cells = pick(table, "confusion", role=role, epsilon=epsilon)
            values, errors = (
                100
                * cells.pivot(index="true", columns="predicted", values=kind).reindex(
                    index=flavours, columns=flavours
                )
                for kind in ("share", "error")
            )
            draw_matrix(axes, values, errors, names, digits=1, largest=100.0)
            if row == len(ROLES) - 1:
                axes.set_xlabel(f"predicted ({name})")
        panels[row, 0].set_ylabel(f"true ({role} training)")
    figure.suptitle(f"{pair['label']} arm: share of the true flavour [%]", fontsize=13)
    stamp(panels[0, 0], panels[0, -1], options["sample"])
    return figure
