"""Tests of the claims about what attacked inputs look like."""

import numpy as np
import pandas as pd

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import Quantity, Quoted
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable
from robustag.classes import CLASSES
from robustag.visibility import price_of_looking


def shifts_depend_on_flavour(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C9: FGSM shifts the means of inputs, and differently for b and light jets; noise does neither.

    In units of epsilon: 1 if every jet was moved the same way. The jets are the sample, and errors of inputs
    are added as if all rose and fell together, which is the most that they can do.
    """
    findings = []
    for epsilon in _measured(evidence, settings):
        deciding = epsilon == _measured(evidence, settings)[0]
        of_attack, of_noise = (
            _shifts(evidence, perturbation, epsilon) for perturbation in (settings.attack, settings.noise)
        )
        inputs = of_attack.index.intersection(of_noise.index)
        if not len(inputs):
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
                    # Noise knows of no training.
                    Quoted(attack.values - noise.mean, np.hypot(attack.errors, noise.statistical)),
                    {settings.attack_label: attack, "noise": noise, "inputs": len(inputs)},
                    deciding=deciding,
                )
            )
    return findings or [untestable("shifts of inputs by flavour", _REASON)]


def inputs_change_little(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C11: with so many jets of data and of simulation no input shows the attack, each looked at alone.

    Decided by the most visible input of those whose values do not repeat: off a value that many jets share
    any move is plain. What a network that sees all inputs at once finds stands beside it, as does the
    divergence of jet pT beside that of the predecessor study.
    """
    findings: list[Finding] = []
    for epsilon in _measured(evidence, settings):
        case: dict[str, str | float] = {
            "model": evidence.nominal,
            "perturbation": settings.attack,
            "epsilon": epsilon,
        }
        seen, repeated = (_needed(evidence, {**case, "distance": name}) for name in _NEEDED)
        inputs = seen["input"].nunique() + repeated["input"].nunique()
        if not len(seen):
            continue
        price = price_of_looking(inputs)
        plainest = seen.loc[seen.groupby("seed")["value"].idxmin()].set_index("seed")
        needed = np.log10(price * plainest["value"])
        typical = price * seen.groupby("input")["value"].median()
        numbers: dict[str, Quantity | float] = {
            f"jets ({typical.idxmin()})": float(10 ** needed.mean()),
            f"inputs seen with {settings.hidden_jets:,} jets": int((typical <= settings.hidden_jets).sum()),
            "inputs looked at": inputs,
        }
        if len(repeated):
            numbers["jets, inputs of which values repeat"] = price * float(repeated["value"].min())
        noise = _needed(evidence, {**case, "perturbation": settings.noise, "distance": _NEEDED[0]})
        if len(noise):
            numbers["jets, noise"] = price * float(noise["value"].min())
        if settings.jet_pt is not None and settings.jet_pt in typical:
            numbers[f"jets ({settings.jet_pt})"] = float(typical[settings.jet_pt])
            of_pt = evidence.rows("distances", **case, distance="kl", flavour="all", input=settings.jet_pt)
            numbers[f"KL ({settings.jet_pt})"] = float(of_pt["value"].mean())
        joint = evidence.rows("distances", **case, distance="classifier_auc")["value"]
        if len(joint):
            numbers["AUC of a classifier that sees all inputs"] = float(joint.mean())
        findings.append(
            find(
                "log10 of the jets of data, and as many simulated, at which the most visible input shows "
                f"{settings.attack_label} at 3 sigma (Bonferroni), nominal model, epsilon {epsilon:g}",
                Quoted(needed, needed - np.log10(price * plainest["low"])),
                numbers,
                threshold=float(np.log10(settings.hidden_jets)),
                deciding=not findings,
            )
        )
    return findings or [untestable("visibility of single inputs", _REASON)]


_REASON = "the study has no distances of attacked inputs"
_NEEDED = ("jets_to_see", "jets_to_see_repeated")


def _measured(evidence: Evidence, settings: Settings) -> list[float]:
    """The strengths of distances among those of the claims; the first of them decides."""
    rows = evidence.rows("distances", model=evidence.nominal, perturbation=settings.attack)
    return [epsilon for epsilon in settings.epsilons if epsilon in set(rows["epsilon"])]


def _needed(evidence: Evidence, case: dict) -> pd.DataFrame:
    """Jets at which each input is seen, infinite for one that nothing moves."""
    return evidence.rows("distances", **case).dropna(subset="value")


def _shifts(evidence: Evidence, perturbation: str, epsilon: float) -> pd.DataFrame:
    """Shift of the mean and its error [input, (which, flavour, seed)] in epsilon, of inputs that moved."""
    rows = evidence.rows(
        "distances",
        model=evidence.nominal,
        perturbation=perturbation,
        epsilon=epsilon,
        distance="shift",
    )
    rows = rows[rows["flavour"].isin(CLASSES)].assign(error=lambda r: (r["high"] - r["low"]) / 2)
    shifts = rows.pivot(index="input", columns=["flavour", "seed"], values=["value", "error"]) / epsilon
    shifts = shifts.dropna().astype(np.float64)
    return shifts[(shifts["value"] != 0).any(axis=1)] if len(shifts) else shifts


def _size(shifts: pd.DataFrame) -> Quoted:
    return Quoted(*(shifts[name].abs().mean().groupby("seed").mean() for name in ("value", "error")))


def _difference(shifts: pd.DataFrame) -> Quoted:
    apart = (shifts["value"]["b"] - shifts["value"]["light"]).abs()
    return Quoted(apart.mean(), np.hypot(shifts["error"]["b"], shifts["error"]["light"]).mean())
