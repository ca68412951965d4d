"""Tests of the claims about attacks of varying complexity, and about those that go beyond the first order."""

from dataclasses import replace

import numpy as np

from robustag.claims.evidence import Evidence, find
from robustag.claims.mismodelling import other_mismodelling_is_tolerated
from robustag.claims.quantities import average, measured
from robustag.claims.robustness import gain_under, not_measured
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable
from robustag.classes import DISCRIMINATED
from robustag.evaluation.differences import Measurement
from robustag.evaluation.significance import level

_ONE_STEP, _ANY_ORDER = "beyond one step", "beyond the first order"


def every_attack_is_mitigated(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C16: the defence holds for every attack on the models themselves, and for mismodelling.

    Two questions: whether each attack costs the adversarial model less BvL AUC, at the deciding strength; and
    whether physics-inspired mismodelling changes its rates less, by the pooled tests of C8. The mean over
    attacks supports the first.
    """
    names = [name for name, definition in settings.definitions.items() if definition.on_the_model]
    measured_ones = [name for name in names if evidence.offers(name, settings.epsilon)]
    if not measured_ones:
        return [not_measured("attacks on the models", settings.epsilon, True)]
    findings = [
        replace(
            gain_under(f"{name}, epsilon {settings.epsilon:g}", name, settings.epsilon, evidence),
            part="attacks",
        )
        for name in measured_ones
    ]
    if len(measured_ones) > 1:
        gains = [evidence.gain(name, settings.epsilon, "BvL") for name in measured_ones]
        helped = sum(gain.mean > 0 for gain in gains)
        findings.append(
            find(
                f"loss of BvL AUC, mean over {len(gains)} attacks: nominal minus adversarial",
                average(gains),
                {"attacks that cost the adversarial model less": helped, "of": len(gains)},
                deciding=False,
                compares=True,
                part="attacks",
            )
        )
    pooled = [f for f in other_mismodelling_is_tolerated(evidence, settings) if f.deciding]
    return findings + [replace(finding, part="mismodelling") for finding in pooled]


def first_order_is_a_limit(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C17: an attack of several steps in FGSM's budget does more than FGSM, which the study left out.

    Two questions about the nominal model at the deciding strength. Beyond one step: on the same jets, each
    attack of several steps against FGSM, in what it raises itself; that one exists is the claim, so the most
    significant one decides, corrected for their number. Beyond the first order: certificates say what no
    attack of any order can exceed; if the best attacks of first order reach most of it, nothing is left. The
    AUC, the larger strength and the adversarial model support the first.
    """
    return [*_beyond_one_step(evidence, settings), _beyond_first_order(evidence, settings)]


def _beyond_one_step(evidence: Evidence, settings: Settings) -> list[Finding]:
    pairs = settings.beside_one_step
    if not pairs:
        return [
            untestable(
                "attacks of several steps",
                f"the study makes none in the budget of {settings.attack_label} that has the same jets",
                part=_ONE_STEP,
            )
        ]
    own: list[Finding] = []
    others: list[Finding] = []
    for epsilon in settings.epsilons:
        for name, one_step in pairs:
            if not (evidence.offers(name, epsilon) and evidence.offers(one_step, epsilon)):
                continue
            change, *number = _own_number(settings.definitions[name].raises)
            for role, model in zip(("nominal", "adversarial"), evidence.models, strict=True):
                where = f"{role} model, epsilon {epsilon:g}: {name} minus {one_step}"
                harms = [evidence.harm(model, attack, epsilon, *number) for attack in (name, one_step)]
                finding = _more(f"{change} of the {where}", name, one_step, *harms)
                decides = role == "nominal" and epsilon == settings.epsilon
                (own if decides else others).append(finding)
                if number != ["auc", "BvL"]:
                    losses = [evidence.auc_loss(model, attack, epsilon, "BvL") for attack in (name, one_step)]
                    others.append(_more(f"loss of BvL AUC of the {where}", name, one_step, *losses))
    if not own:
        return [not_measured(pairs[0][0], settings.epsilon, True)]
    strongest = min(own, key=lambda finding: (finding.distance <= 0, finding.p))
    decisive = replace(strongest, deciding=True, tries=len(own))
    return [decisive if finding is strongest else finding for finding in own] + others


def _own_number(raises: str) -> tuple[str, str, str]:
    """What an attack on an objective is judged by: words for the change, metric and discriminator.

    A discriminator falls by its AUC; what is raised to have jets misread, by the accuracy.
    """
    if raises == "loss":
        return "gain in loss", "loss", "all"
    if raises in DISCRIMINATED:
        return f"loss of {raises} AUC", "auc", raises
    return "loss of accuracy", "accuracy", "all"


def _more(quantity: str, name: str, one_step: str, strong: Measurement, weak: Measurement) -> Finding:
    numbers = {name: strong, one_step: weak, f"{name} over {one_step}": strong / weak}
    return find(quantity, strong - weak, numbers, deciding=False, part=_ONE_STEP)


def _beyond_first_order(evidence: Evidence, settings: Settings) -> Finding:
    """What an attack of any order could add to the best ones of first order, at most: a share of their cost.

    A bound that leaves room proves no stronger attack, so it can refute the claim and never confirm it.
    """
    quantity = (
        "BvL AUC that any attack could cost the nominal model beyond the best of first order, at most, over "
        f"what that costs, epsilon {settings.epsilon:g}"
    )
    rows = evidence.rows("certificates", model=evidence.nominal, discriminator="BvL", metric="auc")
    case = rows[np.isclose(rows["epsilon"], settings.epsilon) | (rows["epsilon"] == 0)]
    found = {
        (method, epsilon > 0): measured(rows)
        for (method, epsilon), rows in case.groupby(["method", "epsilon"])
    }
    wanted = [("attack", False), ("attack", True), ("proven", True)]
    if any(key not in found for key in wanted):
        return untestable(quantity, "the study certifies nothing at this strength", part=_ANY_ORDER)
    raw, attacked, proven = (found[key] for key in wanted)
    finding = find(
        quantity,
        (attacked - proven) / (raw - attacked),
        {"raw": raw, "best attack": attacked, "proven": proven},
        threshold=1 / settings.much_smaller,
        part=_ANY_ORDER,
    )
    refuted = finding.distance < 0 and finding.p < level(settings.significance)
    if refuted or finding.verdict:
        return finding
    room = "the proven bound leaves room, and no attack of higher order is known that fills it"
    return untestable(quantity, f"{room}: {finding.effect:.2g} ± {finding.error:.1g}", part=_ANY_ORDER)
