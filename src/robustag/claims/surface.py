"""Tests of the claims about the shape of the loss over many jets, along the attack's own direction."""

from math import isnan

from robustag.claims.evidence import Evidence, find
from robustag.claims.over_jets import median_over_jets, per_jet
from robustag.claims.quantities import Sampled
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable

_NONE = float("nan")


def first_order_is_enough(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C10: over an FGSM step the nominal loss is nearly linear, and many inputs share the effect.

    Decided by the median relative error of linearity, below one half: then the first order is the larger
    part of the change; and by the share of the steepest input in the first-order gain, below one half.
    """
    findings = []
    for epsilon in settings.epsilons:
        error = median_over_jets(evidence, evidence.nominal, "linearity_error", epsilon=epsilon)
        quantity = f"median error of linearity over an FGSM step of the nominal model, epsilon {epsilon:g}"
        deciding = epsilon == settings.epsilon
        if error is None:
            findings.append(untestable(quantity, "the study has no statistics of this step", deciding))
        else:
            findings.append(find(quantity, error, {}, threshold=0.5, below=True, deciding=deciding))
    jets = evidence.rows("geometry", model=evidence.nominal)
    values = per_jet(jets.assign(share=jets["grad_linf"] / jets["grad_l1"]), "share")
    quantity = "share of the steepest single input in the first-order gain of the nominal loss"
    if len(values) < 2:
        return [*findings, untestable(quantity, "the study has no gradients of the nominal model")]
    share = Sampled(values)
    inputs = {"inputs that would share it equally": 1 / share.mean, "jets": len(values)}
    return [*findings, find(quantity, share, inputs, threshold=0.5, below=True)]


def geometry_is_distinct(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C13: the nominal model is the steeper one around its jets.

    Decided by the slope of the logit margin, which no saturated softmax hides and which both losses share.
    Both models are looked at around the same jets, over the same steps and the same planes.
    """
    ratios = [
        ("margin_l1", "slope of the logit margin (L1 norm), median", "all"),
        ("grad_l1", "slope of the loss (L1 norm), median", "all"),
        ("curvature", "largest second derivative of the loss, median", "all"),
        ("max_over_min", "largest over smallest loss on the plane, minus 1, median over b jets", "b"),
    ]
    findings = [
        _compared(f"{words}: nominal over adversarial", name, evidence, name == "margin_l1", flavour)
        for name, words, flavour in ratios
    ]
    epsilon = settings.shown_epsilon
    step = f"an FGSM step, epsilon {epsilon:g}, median"
    stable = f"cosine of the gradients before and after {step}: adversarial minus nominal"
    return [*findings, _compared(stable, "gradient_cosine", evidence, False, epsilon=epsilon)]


def _compared(
    quantity: str,
    statistic: str,
    evidence: Evidence,
    deciding: bool,
    flavour: str = "all",
    epsilon: float = _NONE,
) -> Finding:
    """A ratio above 1 at the jets, or a difference above 0 over a step."""
    nominal, adversarial = (
        median_over_jets(evidence, model, statistic, flavour, epsilon) for model in evidence.models
    )
    if nominal is None or adversarial is None:
        return untestable(quantity, "the study has no surface statistics of both models", deciding)
    over_a_step = not isnan(epsilon)
    effect = adversarial - nominal if over_a_step else nominal / adversarial
    numbers = {"nominal": nominal, "adversarial": adversarial}
    threshold = 0.0 if over_a_step else 1.0
    return find(quantity, effect, numbers, threshold, deciding=deciding, compares=True)
