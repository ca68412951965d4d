"""Tests of the claims about what attacked inputs look like."""

import pandas as pd

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import Quantity, Sampled
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable
from robustag.classes import CLASSES


def shifts_depend_on_flavour(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C9: FGSM shifts the means of inputs, and differently for b and light jets; noise does neither.

    In units of epsilon: 1 if every jet was moved the same way. The inputs are the sample.
    """
    findings = []
    for epsilon in _measured(evidence, settings):
        deciding = epsilon == _measured(evidence, settings)[0]
        of_attack, of_noise = (
            _shifts(evidence, perturbation, epsilon) for perturbation in (settings.attack, settings.noise)
        )
        inputs = of_attack.index.intersection(of_noise.index)
        if len(inputs) < 2:
            continue
        for words, measure in (
            ("size of the shift of an input's mean, over flavours", _size),
            ("difference of the shifts of b and light jets", _difference),
        ):
            attack, noise = (measure(shifts.loc[inputs]) for shifts in (of_attack, of_noise))
            findings.append(
                find(
                    f"{words}, nominal model, epsilon {epsilon:g}, in epsilon: "
                    f"{settings.attack_label} minus noise",
                    Sampled(attack - noise),
                    {settings.attack_label: Sampled(attack), "noise": Sampled(noise), "inputs": len(inputs)},
                    deciding=deciding,
                )
            )
    return findings or [untestable("shifts of inputs by flavour", _REASON)]


def inputs_change_little(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C11: single inputs look the same under the attack, by the divergence KL of their distributions.

    Decided by the mean over inputs; that of jet pT stands beside that of the predecessor study, and what a
    network that sees all inputs at once finds stands beside both.
    """
    findings: list[Finding] = []
    for epsilon in _measured(evidence, settings):
        case: dict[str, str | float] = {
            "model": evidence.nominal,
            "perturbation": settings.attack,
            "epsilon": epsilon,
        }
        values = _divergences(evidence, case)
        if len(values) < 2:
            continue
        by_input = values.mean(axis=1)
        numbers: dict[str, Quantity | float] = {
            "median": float(by_input.median()),
            f"largest ({by_input.idxmax()})": by_input.max(),
        }
        if settings.jet_pt is not None and settings.jet_pt in by_input:
            numbers[settings.jet_pt] = float(by_input[settings.jet_pt])
        smeared = _divergences(evidence, {**case, "perturbation": settings.noise})
        if len(smeared):
            numbers["mean under noise"] = Sampled(smeared)
        joint = evidence.rows("distances", **case, distance="classifier_auc")["value"]
        if len(joint):
            numbers["AUC of a classifier that sees all inputs"] = float(joint.mean())
        findings.append(
            find(
                f"divergence KL of an attacked input, mean over inputs, nominal model, epsilon {epsilon:g}",
                Sampled(values),
                numbers,
                threshold=settings.hidden_within,
                below=True,
                deciding=not findings,
            )
        )
    return findings or [untestable("divergence of single inputs", _REASON)]


_REASON = "the study has no distances of attacked inputs"


def _measured(evidence: Evidence, settings: Settings) -> list[float]:
    """The strengths of distances among those of the claims; the first of them decides."""
    rows = evidence.rows("distances", model=evidence.nominal, perturbation=settings.attack)
    return [epsilon for epsilon in settings.epsilons if epsilon in set(rows["epsilon"])]


def _divergences(evidence: Evidence, case: dict) -> pd.DataFrame:
    """Divergence KL [input, seed] of inputs that moved."""
    rows = evidence.rows("distances", **case, distance="kl", flavour="all").dropna(subset="value")
    values = rows.pivot(index="input", columns="seed", values="value").dropna()
    # An attack that may not move an input leaves it exactly as it is.
    return values[(values > 0).any(axis=1)]


def _shifts(evidence: Evidence, perturbation: str, epsilon: float) -> pd.DataFrame:
    """Shift of the mean [input, (flavour, seed)] in epsilon, of inputs that moved."""
    rows = evidence.rows(
        "distances",
        model=evidence.nominal,
        perturbation=perturbation,
        epsilon=epsilon,
        distance="shift",
    )
    rows = rows[rows["flavour"].isin(CLASSES)]
    shifts = rows.pivot(index="input", columns=["flavour", "seed"], values="value").dropna() / epsilon
    return shifts[(shifts != 0).any(axis=1)]


def _size(shifts: pd.DataFrame) -> pd.DataFrame:
    return shifts.abs().T.groupby("seed").mean().T


def _difference(shifts: pd.DataFrame) -> pd.DataFrame:
    return (shifts["b"] - shifts["light"]).abs()
