"""The verdicts as a report for readers and as JSON for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import floor, inf, isfinite, log10
from typing import Any

from robustag.claims.evidence import Settings
from robustag.claims.judge import Judgement
from robustag.claims.verdict import (
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    RULE,
    WITHIN_ERROR,
    Finding,
    Number,
)


def to_json(judgements: Sequence[Judgement], settings: Settings) -> str:
    """Everything that is known about each verdict; numbers that do not exist are null."""
    claims: dict[str, dict[str, Any]] = {}
    for judgement in judgements:
        claim = judgement.claim
        entry = claims.setdefault(
            claim.id,
            {
                "id": claim.id,
                "statement": claim.statement,
                "source": claim.source,
                "references": list(claim.references),
                "arms": {},
            },
        )
        entry["arms"][judgement.arm] = {
            "verdict": judgement.verdict,
            "findings": [asdict(finding) | {"error": finding.error} for finding in judgement.findings],
        }
    document = {
        "rule": RULE.format(significance=settings.significance),
        "settings": asdict(settings),
        "claims": list(claims.values()),
    }
    return json.dumps(_without_nan(document), indent=2) + "\n"


def to_markdown(judgements: Sequence[Judgement], settings: Settings) -> str:
    """The report: a table of verdicts and an assessment, the rule, then every claim with its findings."""
    arms = list(dict.fromkeys(judgement.arm for judgement in judgements))
    claims = list(dict.fromkeys(judgement.claim for judgement in judgements))
    by_key = {(judgement.claim.id, judgement.arm): judgement for judgement in judgements}
    lines = [
        "# Published claims, tested",
        "",
        "| claim | statement | " + " | ".join(f"{arm} arm" for arm in arms) + " |",
        "| --- | --- |" + " --- |" * len(arms),
    ]
    for claim in claims:
        cells = " | ".join(_cell(by_key[claim.id, arm]) for arm in arms)
        lines.append(f"| {claim.id} | {claim.statement} | {cells} |")
    lines += [
        "",
        "In brackets: distance of the weakest deciding test from its threshold, in total errors (σ).",
    ]
    lines += ["", "## Assessment", "", *_assessment(judgements, arms)]
    lines += ["", "## How a verdict is reached", "", RULE.format(significance=settings.significance)]
    lines += ["", *_seeds(judgements)]
    for claim in claims:
        lines += ["", f"## {claim.id}", "", claim.statement, "", f"Source: {claim.source}.", ""]
        lines += ["For comparison:", "", *(f"* {reference}" for reference in claim.references)]
        for arm in arms:
            judgement = by_key[claim.id, arm]
            lines += ["", f"### {claim.id}, {arm} arm: {judgement.verdict}", ""]
            lines += ["| quantity | effect | predicted | verdict | from |", "| --- | --- | --- | --- | --- |"]
            lines += [_row(finding) for finding in judgement.findings]
    return "\n".join(lines) + "\n"


def _cell(judgement: Judgement) -> str:
    """A verdict with the distance of the weakest deciding test, on which the verdict hangs."""
    distances = [
        (finding.effect - finding.threshold) / finding.error
        for finding in judgement.findings
        if finding.deciding and finding.verdict != NOT_TESTABLE and 0 < finding.error < inf
    ]
    text = f"**{judgement.verdict}**" + (f" ({min(distances):+.1f} σ)" if distances else "")
    against = any(f.verdict == NOT_REPRODUCED and not f.deciding for f in judgement.findings)
    return f"{text}; supporting tests against" if against else text


def _assessment(judgements: Sequence[Judgement], arms: Sequence[str]) -> list[str]:
    """What stands, what falls and what a verdict does not show, one list item an arm and outcome."""
    lines = []
    for arm in arms:
        of_arm = [judgement for judgement in judgements if judgement.arm == arm]
        for verdict in (REPRODUCED, NOT_REPRODUCED, WITHIN_ERROR, NOT_TESTABLE):
            claims = [judgement.claim.id for judgement in of_arm if judgement.verdict == verdict]
            if claims:
                lines.append(f"* {arm} arm, {verdict}: {', '.join(claims)}.")
        for judgement in of_arm:
            against = [f.quantity for f in judgement.findings if f.verdict == NOT_REPRODUCED]
            if against:
                lines.append(f"* {arm} arm, against {judgement.claim.id}: {'; '.join(against)}.")
    return lines


def _seeds(judgements: Sequence[Judgement]) -> list[str]:
    """A warning where the spread over trainings is unknown or poorly known."""
    seeds = [finding.seeds for j in judgements for finding in j.findings if finding.verdict != NOT_TESTABLE]
    if not seeds:
        return []
    if min(seeds) == 1:
        return ["There is one training a model: the spread over seeds is unknown and not in the errors."]
    return [f"There are {min(seeds)} trainings a model; a spread from so few is itself uncertain."]


def _row(finding: Finding) -> str:
    quantity = finding.quantity if finding.deciding else f"*supporting:* {finding.quantity}"
    if finding.reason:
        return f"| {quantity} | | | {finding.verdict} | {finding.reason} |"
    places = _places(finding.statistical, finding.seed)
    effect = (
        f"{finding.effect:.{places}f} ± {_error(finding.statistical, places)} (stat.) "
        f"± {_error(finding.seed, places)} (seeds)"
    )
    numbers = ", ".join(_number(number) for number in finding.numbers)
    return f"| {quantity} | {effect} | > {finding.threshold:g} | {finding.verdict} | {numbers} |"


def _number(number: Number) -> str:
    if not isfinite(number.error):
        return f"{number.name} {number.value:.4g}"
    places = _places(number.error)
    return f"{number.name} {number.value:.{places}f} ± {number.error:.{places}f}"


def _error(value: float, places: int) -> str:
    return f"{value:.{places}f}" if isfinite(value) else "unknown"


def _places(*errors: float) -> int:
    """Decimal places that show the largest error with two significant digits, five at most."""
    known = [error for error in errors if isfinite(error) and error > 0]
    return min(max(1 - floor(log10(max(known))), 1), 5) if known else 4


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value
