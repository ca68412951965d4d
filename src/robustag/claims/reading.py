"""What verdicts mean, in sentences made from the numbers."""

from collections.abc import Sequence
from math import copysign, inf

from robustag.claims.judge import Judgement
from robustag.claims.verdict import (
    IN_PART,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    WITHIN_ERROR,
    Finding,
)
from robustag.evaluation.significance import normal_deviations

VERDICTS = (REPRODUCED, IN_PART, NOT_REPRODUCED, WITHIN_ERROR, NOT_TESTABLE)


def weakest(judgement: Judgement) -> Finding | None:
    """The deciding test on which the verdict hangs: the smallest distance in sigmas.

    None without any, where a test that no error is known of keeps the verdict open, and for a claim that is
    reproduced in part.
    """
    if judgement.verdict == IN_PART:
        return None
    tested = [f for f in judgement.findings if f.deciding and f.verdict != NOT_TESTABLE]
    if judgement.verdict == WITHIN_ERROR and any(finding.error == inf for finding in tested):
        return None
    return min((f for f in tested if f.error < inf), key=sigmas, default=None)


def sigmas(finding: Finding) -> float:
    """Distance of an effect from its threshold on the predicted side: its corrected p-value in standard
    deviations of a normal distribution."""
    return copysign(normal_deviations(finding.corrected), finding.distance)


def interpretation(judgement: Judgement, significance: float) -> str:
    """One line: on what the verdict hangs, and what it means for taggers or what would settle it."""
    claim, finding = judgement.claim, weakest(judgement)
    deciding = [one for one in judgement.findings if one.deciding]
    tested = [one for one in deciding if one.verdict != NOT_TESTABLE]
    if not tested:
        reasons = dict.fromkeys(one.reason for one in deciding)
        return f"Not testable here: {'; '.join(reasons)}."
    if judgement.verdict == IN_PART:
        answers = "; ".join(f"{name}: {verdict}" for name, verdict in judgement.parts.items())
        return f"It depends on the question: {answers}."
    if judgement.verdict == WITHIN_ERROR:
        return _open(tested, significance)
    distance = sigmas(finding) if finding else inf
    by = f" by {distance:+.1f} σ" if abs(distance) < inf else ""
    count = sum(one.verdict == judgement.verdict for one in tested)
    passed = "passed" if judgement.verdict == REPRODUCED else "failed"
    if len(tested) == 1:
        hangs = f"The deciding test is {passed}{by}"
    else:
        weakest_one = f", the weakest{by} ({finding.quantity})" if by and finding else ""
        hangs = f"{count} of {len(tested)} deciding tests are {passed}{weakest_one}"
    meaning = claim.holds if judgement.verdict == REPRODUCED else claim.fails
    return f"{hangs}. So {meaning}."


def _open(tested: Sequence[Finding], significance: float) -> str:
    undecided = [one for one in tested if one.verdict == WITHIN_ERROR]
    lone = [one for one in undecided if one.error == inf]
    if lone:
        return (
            f"Open: {len(lone)} of {len(tested)} deciding tests compare models that were trained once; "
            "more training seeds would tell."
        )
    worst = min(undecided, key=sigmas)
    needed = significance / abs(sigmas(worst)) if sigmas(worst) else inf
    settle = f"errors {needed:.1f} times smaller" if needed < 20 else "far smaller errors"
    return (
        f"Open: {len(undecided)} of {len(tested)} deciding tests lie within {significance:g} σ, the lowest "
        f"at {sigmas(worst):+.1f} σ ({worst.quantity}); {settle} would tell if the effect stays."
    )


def assessment(judgements: Sequence[Judgement]) -> list[str]:
    """What stands, what falls and what a verdict does not show: one list item an arm and outcome."""
    lines = []
    for arm in dict.fromkeys(judgement.arm for judgement in judgements):
        of_arm = [judgement for judgement in judgements if judgement.arm == arm]
        for verdict in VERDICTS:
            claims = [judgement.claim for judgement in of_arm if judgement.verdict == verdict]
            if claims:
                named = ", ".join(f"{claim.id} ({claim.title})" for claim in claims)
                lines.append(f"* {arm} arm, {verdict}: {named}.")
        for judgement in of_arm:
            against = [f.quantity for f in judgement.findings if f.verdict == NOT_REPRODUCED]
            if against:
                lines.append(f"* {arm} arm, against {judgement.claim.id}: {'; '.join(against)}.")
    return lines
