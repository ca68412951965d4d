"""Tests of the claims about the shape of the loss in the plane of two inputs."""

import pandas as pd

from robustag.claims.evidence import Evidence, find
from robustag.claims.over_jets import median_over_jets, per_jet
from robustag.claims.quantities import Quantity, Sampled
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable
from robustag.classes import CLASSES, B


def attack_direction_is_diagonal(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C14: both inputs share the nominal loss's slope; the adversarial one is flat along one of them.

    Decided by the mean over b jets of smaller over larger slope, each along a side of the plane. All jets,
    the interaction term and the change of the loss along the second input support it.
    """
    jets = evidence.rows("geometry")
    if not set(evidence.models) <= set(jets["model"]):
        return [untestable("slopes over many jets", "the study has no geometry of both models")]
    b_jets = jets[jets["label"] == B]
    ratio = "mean ratio of smaller to larger slope"
    mixed = "mean size of the mixed difference over the range of the loss"
    minus = "nominal minus adversarial"
    return [
        _compared(f"{ratio}, b jets: {minus}", b_jets, "grad_ratio", evidence, True),
        _compared(f"{ratio}, all jets: {minus}", jets, "grad_ratio", evidence),
        _compared(f"{mixed}, b jets: {minus}", b_jets, "interaction", evidence),
        _change_along_the_second(evidence),
    ]


def one_view_is_not_enough(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C15: a step along two inputs changes the nominal loss notably more than the best one along one.

    What the second steepest of all inputs adds to the steepest decides: "much smaller" than 1 if one view was
    enough. Supported by the two inputs of the plane, whose steps together may still do less than the best
    single one, and by the interaction, which no two one-dimensional views can show.
    """
    shares = [
        (
            "share that a second input adds to the change of the nominal loss by the best single one, median",
            "second_share",
            1 / settings.much_smaller,
        ),
        (
            f"change of the nominal loss by {' and '.join(_axes(evidence))} together over that by the best "
            "single input, median",
            "pair_share",
            1.0,
        ),
    ]
    findings = []
    for quantity, statistic, threshold in shares:
        deciding = statistic == "second_share"
        share = median_over_jets(evidence, evidence.nominal, statistic)
        if share is None:
            reason = "the study has no surface statistics of the nominal model"
            findings.append(untestable(quantity, reason, deciding))
        else:
            findings.append(find(quantity, share, {}, threshold=threshold, deciding=deciding))
    return [
        *findings,
        _compared(
            "interaction over the range of the loss, all jets: nominal minus adversarial",
            evidence.rows("geometry"),
            "interaction",
            evidence,
        ),
    ]


def _axes(evidence: Evidence) -> tuple[str, str]:
    """Names of the two inputs along which slopes are taken: those of the first plane."""
    planes = evidence.rows("planes")
    if planes.empty:
        return "one input", "another"
    return planes["feature_x"].iloc[0], planes["feature_y"].iloc[0]


def _compared(
    quantity: str,
    jets: pd.DataFrame,
    column: str,
    evidence: Evidence,
    deciding: bool = False,
) -> Finding:
    """Compare a per-jet quantity between the two models, jet by jet and seed by seed."""
    # A jet with a flat loss in any training has no direction to compare.
    values = [per_jet(jets[jets["model"] == model], column) for model in evidence.models]
    nominal, adversarial = (part.loc[values[0].index.intersection(values[1].index)] for part in values)
    difference = (nominal - adversarial).dropna(axis="columns")
    if len(difference) < 2:
        return untestable(quantity, "fewer than two jets have a slope in every training", deciding)
    numbers: dict[str, Quantity | float] = {
        "nominal": Sampled(nominal),
        "adversarial": Sampled(adversarial),
        "jets": len(difference),
    }
    return find(quantity, Sampled(difference), numbers, deciding=deciding, compares=True)


def _change_along_the_second(evidence: Evidence) -> Finding:
    """How much the loss changes from side to side of the plane, along the input in which it shall flatten."""
    first, second = _axes(evidence)
    change = f"change of the loss over the plane along {second}, median size over b jets"
    quantity = f"{change}: nominal minus adversarial"
    sizes = {
        f"{name} ({role})": median_over_jets(evidence, model, statistic, CLASSES[B])
        for name, statistic in ((second, "size_y"), (first, "size_x"))
        for role, model in zip(("nominal", "adversarial"), evidence.models, strict=True)
    }
    numbers = {name: size for name, size in sizes.items() if size is not None}
    if len(numbers) < len(sizes):
        return untestable(quantity, "the study has no surface statistics of both models", False)
    nominal, adversarial, *_ = numbers.values()
    return find(quantity, nominal - adversarial, numbers, deciding=False, compares=True)
