"""Which flavour jets of each flavour are taken for, raw and attacked."""

import pandas as pd
from matplotlib.figure import Figure

from robustag.classes import CLASSES
from robustag.evaluation.reading import pick
from robustag.plotting.columns import in_front, share_error
from robustag.plotting.matrix import draw_matrix
from robustag.plotting.options import RAW, Pair, Perturbation
from robustag.plotting.style import FLAVOUR_LABELS, ROLES, stamp, styled

CONFUSION_COLUMNS = ["model", "seed", "perturbation", "epsilon", "true", "predicted", "count"]


def confusion_matrix(confusion: pd.DataFrame, pair: Pair, attack: Perturbation) -> pd.DataFrame:
    """Share of the jets of each true flavour that is taken for each flavour, raw and attacked.

    Parameters
    ----------
    confusion : DataFrame
        The confusion table, columns ``CONFUSION_COLUMNS``.
    pair : Pair
        The two models.
    attack : Perturbation
        Attack and strength.

    Returns
    -------
    DataFrame
        Columns role, perturbation, epsilon, true, predicted, ``share`` (mean over seeds) and ``error``:
        that of a share of so many jets, and the spread over seeds / sqrt(seeds), added in quadrature.
    """
    parts = []
    for role in ROLES:
        rows = pick(confusion, "confusion", model=pair.model(role), perturbation=attack.name)
        for shown in (RAW, attack):
            counts = pick(rows, "confusion", epsilon=shown.epsilon).pivot(
                index=["true", "predicted"], columns="seed", values="count"
            )
            jets = counts.groupby(level="true").transform("sum")
            shares = counts / jets
            share, seeds = shares.mean(axis=1), shares.shape[1]
            error = share_error(share, jets.mean(axis=1), shares.std(axis=1, ddof=1), seeds)
            part = pd.DataFrame({"share": share, "error": error}).reset_index()
            parts.append(in_front(part, role=role, perturbation=shown.name, epsilon=shown.epsilon))
    return pd.concat(parts, ignore_index=True)


@styled
def draw_confusion(table: pd.DataFrame, arm: str, attack: Perturbation, sample: str) -> Figure:
    """Nominal above adversarial, raw beside attacked: true flavour down, predicted across, in per cent.

    Parameters
    ----------
    table : DataFrame
        From `confusion_matrix`.
    arm : str
        Label of the pair.
    attack : Perturbation
        Attack and strength.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(8.8, 8.8))
    panels = figure.subplots(len(ROLES), 2, sharex=True, sharey=True)
    flavours, names = list(CLASSES), [FLAVOUR_LABELS[flavour] for flavour in CLASSES]
    for row, role in enumerate(ROLES):
        for axes, shown in zip(panels[row], (RAW, attack), strict=True):
            cells = pick(table, "confusion", role=role, epsilon=shown.epsilon)
            values, errors = (
                100
                * cells.pivot(index="true", columns="predicted", values=kind).reindex(
                    index=flavours, columns=flavours
                )
                for kind in ("share", "error")
            )
            draw_matrix(axes, values, errors, names, digits=1, largest=100.0)
            if row == len(ROLES) - 1:
                axes.set_xlabel(f"predicted ({shown.title})")
        panels[row, 0].set_ylabel(f"true ({role} training)")
    figure.suptitle(f"{arm} arm: share of the true flavour [%]", fontsize=13)
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure
