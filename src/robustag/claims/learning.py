"""Test of the claim that vulnerability grows in the course of a training."""

import pandas as pd

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import measured, scaled
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable
from robustag.evaluation.differences import Measurement


def vulnerability_grows(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C7: the longer the nominal model is trained, the more FGSM costs it; not so the adversarial one.

    Two questions about the growth of the BvL AUC that FGSM on the weights themselves costs: whether that of
    the nominal model grows, and whether that of the adversarial one shows "no such relation", which is a
    growth that is much smaller. From the first kept epoch after a quarter of the training to the last: a
    network that has hardly begun to learn is no baseline. That the nominal model gets better meanwhile, on
    raw jets, supports it.
    """
    trainings = [_on_own_weights(evidence, model, settings.attack) for model in evidence.models]
    if any(
        rows.loc[rows["perturbation"] == name, "epoch"].nunique() < 2
        for rows in map(_after_the_start, trainings)
        for name in ("raw", settings.attack)
    ):
        return [untestable("growth of the loss over epochs", "the study keeps no epochs of both")]
    raw, attacked = {}, {}
    for model, rows in zip(evidence.models, map(_after_the_start, trainings), strict=True):
        ends = rows["epoch"].min(), rows["epoch"].max()
        clean, under = rows["perturbation"] == "raw", rows["perturbation"] == settings.attack
        raw[model] = [measured(rows[clean & (rows["epoch"] == epoch)]) for epoch in ends]
        attacked[model] = [measured(rows[under & (rows["epoch"] == epoch)]) for epoch in ends]
        span, epsilon = f"epoch {ends[0]} to {ends[1]}", rows.loc[under, "epsilon"].iloc[0]
    losses = {
        model: [before - after for before, after in zip(raw[model], attacked[model], strict=True)]
        for model in evidence.models
    }
    growth = {model: last - first for model, (first, last) in losses.items()}
    nominal, adversarial = (growth[model] for model in evidence.models)
    first, last = losses[evidence.nominal]
    words = f"growth of the loss of BvL AUC to {settings.attack_label}, epsilon {epsilon:g}, {span}"
    return [
        find(f"{words}: nominal", nominal, {"first": first, "last": last}, part="grows"),
        *(
            find(
                f"{words}: nominal minus {called}",
                nominal - scaled(factor, adversarial),
                {"nominal": nominal, "adversarial": adversarial},
                deciding=factor > 1,
                compares=True,
                part="no such relation",
            )
            for factor, called in (
                (settings.much_smaller, f"{settings.much_smaller:g} times adversarial"),
                (1.0, "adversarial"),
            )
        ),
        _improvement(raw[evidence.nominal], span),
    ]


def _on_own_weights(evidence: Evidence, model: str, attack: str) -> pd.DataFrame:
    """Rows of a model's epochs on raw jets, and on those attacked on the weights of the epoch."""
    rows = evidence.rows("epochs", model=model, discriminator="BvL")
    return rows[rows["source"].isin(["none", "self"]) & rows["perturbation"].isin(["raw", attack])]


def _after_the_start(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["epoch"] >= rows["epoch"].max() / 4]


def _improvement(raw: list[Measurement], span: str) -> Finding:
    first, last = raw
    quantity = f"growth of the BvL AUC on raw jets, {span}: nominal"
    return find(quantity, last - first, {"first": first, "last": last}, deciding=False)
