"""Tests of the claims about attacks of varying complexity, and about those that go beyond the first order."""

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import Sampled, average
from robustag.claims.robustness import gain_under, not_measured
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable


def every_attack_is_mitigated(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C16: whatever attack is tried, it costs the adversarial model less BvL AUC than the nominal one.

    Every attack on the models themselves decides, at the deciding strength; the mean over them, and over the
    mismodellings of C8, support it.
    """
    names = [name for name, definition in settings.definitions.items() if definition.on_the_model]
    measured = [name for name in names if evidence.offers(name, settings.epsilon)]
    if not measured:
        return [not_measured("attacks on the models", settings.epsilon, True)]
    findings = [
        gain_under(f"{name}, epsilon {settings.epsilon:g}", name, settings.epsilon, evidence)
        for name in measured
    ]
    shown = [
        (entry["perturbation"], float(entry["epsilon"]))
        for entry in settings.mismodellings
        if evidence.offers(entry["perturbation"], float(entry["epsilon"]))
    ]
    means = {"attacks": [(name, settings.epsilon) for name in measured], "mismodellings": shown}
    for words, cases in means.items():
        if len(cases) > 1:
            gains = [evidence.gain(*case, "BvL") for case in cases]
            helped = sum(gain.mean > 0 for gain in gains)
            findings.append(
                find(
                    f"loss of BvL AUC, mean over {len(cases)} {words}: nominal minus adversarial",
                    average(gains),
                    {f"{words} that cost the adversarial model less": helped, "of": len(cases)},
                    deciding=False,
                    compares=True,
                )
            )
    return findings


def first_order_is_a_limit(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C17: an attack of several steps in FGSM's budget costs more AUC than FGSM, which the study left out.

    Every such attack decides on the nominal model at the deciding strength, by the BvL AUC it costs; the
    larger strength, the adversarial model, and the loss of the same jets support it.
    """
    fgsm, called = settings.definitions[settings.attack], settings.attack_label
    same = [
        name
        for name, definition in settings.definitions.items()
        if name != settings.attack and definition.climbs and definition.shares_budget(fgsm)
    ]
    findings = []
    for epsilon in settings.epsilons:
        for name in same:
            if not (evidence.offers(name, epsilon) and evidence.offers(settings.attack, epsilon)):
                continue
            for role, model in zip(("nominal", "adversarial"), evidence.models, strict=True):
                strong, one_step = (
                    evidence.auc_loss(model, attack, epsilon, "BvL") for attack in (name, settings.attack)
                )
                findings.append(
                    find(
                        f"loss of BvL AUC of the {role} model, epsilon {epsilon:g}: {name} minus {called}",
                        strong - one_step,
                        {
                            name: strong,
                            called: one_step,
                            f"{name} over {called}": strong / one_step,
                        },
                        deciding=role == "nominal" and epsilon == settings.epsilon,
                    )
                )
                findings += _on_the_same_jets(name, role, model, epsilon, evidence, settings)
    return findings or [
        untestable(
            "attacks of several steps", f"the study makes none in the budget of {settings.attack_label}"
        )
    ]


def _on_the_same_jets(
    name: str, role: str, model: str, epsilon: float, evidence: Evidence, settings: Settings
) -> list[Finding]:
    """What the two raise the model's own loss by, on the audited jets; the only error is from the seeds."""
    audit = evidence.rows("audit", model=model)
    losses = audit.pivot_table(index="seed", columns=["perturbation", "epsilon"], values="loss")
    wanted = [(attack, strength) for attack in (name, settings.attack) for strength in (0.0, epsilon)]
    if any(column not in losses.columns for column in wanted):
        return []
    strong, one_step = (losses[attack, epsilon] - losses[attack, 0.0] for attack in (name, settings.attack))
    ratio = Sampled((strong / one_step).to_frame().T)
    compared = f"{name} over {settings.attack_label}"
    quantity = f"gain in loss of the {role} model, same jets, epsilon {epsilon:g}: {compared}"
    return [find(quantity, ratio, {}, threshold=1.0, deciding=False, one_jet=True)]
