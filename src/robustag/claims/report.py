"""The verdicts as a report for readers."""

from collections.abc import Sequence
from math import floor, inf, isfinite, log10

from robustag.claims.claim import CHECK, Claim
from robustag.claims.judge import Judgement
from robustag.claims.markdown import table
from robustag.claims.masking import NO_GRADIENT, ORDERS, TRANSFER, Flag, raised
from robustag.claims.reading import VERDICTS, assessment, interpretation, sigmas, weakest
from robustag.claims.settings import Settings
from robustag.claims.verdict import NOT_REPRODUCED, NOT_TESTABLE, Finding, Number, rule


def to_markdown(judgements: Sequence[Judgement], flags: Sequence[Flag], settings: Settings) -> str:
    """The report: what stands, verdicts, audit, rule, then every claim with its findings."""
    lines = ["# Published claims, tested", "", *_counts(judgements), ""]
    lines += [*verdict_table(judgements), ""]
    lines += ["In brackets: distance of the weakest deciding test from its threshold, in σ (see below)."]
    lines += ["", "## Assessment", "", *assessment(judgements)]
    lines += ["", "## Masking audit", "", *masking_table(flags), "", *_signs()]
    lines += ["", "## How a verdict is reached", "", rule(settings.significance)]
    lines += ["", *_seeds(judgements)]
    for claim in _claims(judgements):
        lines += [
            "",
            f"## {claim.id}: {claim.title}",
            "",
            claim.statement,
            "",
            f"Source: {claim.source}.",
            "",
        ]
        lines += ["For comparison:", "", *(f"* {reference}" for reference in claim.references)]
        for judgement in judgements:
            if judgement.claim.id == claim.id:
                lines += _judged(judgement, flags, settings)
    return "\n".join(lines) + "\n"


def verdict_table(judgements: Sequence[Judgement]) -> list[str]:
    """One row per claim, one column per arm."""
    arms = _arms(judgements)
    cells = {(judgement.claim.id, judgement.arm): _cell(judgement) for judgement in judgements}
    rows = [
        [claim.id, claim.statement, *(cells[claim.id, arm] for arm in arms)] for claim in _claims(judgements)
    ]
    return table(["claim", "statement", *(f"{arm} arm" for arm in arms)], rows)


def masking_table(flags: Sequence[Flag], short: bool = False) -> list[str]:
    """One row per sign, one column per model; without the numbers, and readable as plain text, if `short`."""
    models = list(dict.fromkeys(flag.model for flag in flags))
    rows = []
    for name in dict.fromkeys(flag.name for flag in flags):
        cells = {flag.model: flag for flag in flags if flag.name == name}
        rows.append([name, *(_sign(cells[model], short) for model in models)])
    return table(["sign", *models], rows, aligned=short)


def _sign(flag: Flag, short: bool) -> str:
    if flag.raised is None:
        return "not checked" if short else f"not checked: {flag.detail}"
    found = "raised" if flag.raised else "no"
    return found if short else f"{f'**{found}**' if flag.raised else found}: {flag.detail}"


def _signs() -> list[str]:
    meanings = {
        NO_GRADIENT: "jets whose gradient is exactly zero, on which no attack of first order can start",
        **ORDERS,
        TRANSFER: "jets crafted on another model cost more BvL AUC than the model's own",
    }
    return [
        "Signs that attacks fail on a model because its gradients mislead them; beside a raised sign, "
        "numbers of robustness may be too good:",
        "",
        *(f"* {name}: {meaning}." for name, meaning in meanings.items()),
    ]


def _judged(judgement: Judgement, flags: Sequence[Flag], settings: Settings) -> list[str]:
    lines = ["", f"### {judgement.claim.id}, {judgement.arm} arm: {judgement.verdict}", ""]
    lines += [f"* {name}: {verdict}" for name, verdict in judgement.parts.items()]
    lines += [""] * bool(judgement.parts)
    lines += [interpretation(judgement, settings.significance), ""]
    if judgement.claim.audited:
        signs = "; ".join(f"{model}: {raised(flags, model)}" for model in judgement.models)
        lines += [f"Masking audit, signs raised: {signs}.", ""]
    rows = [_row(finding) for finding in judgement.findings]
    return [*lines, *table(["quantity", "effect", "predicted", "p", "verdict", "from"], rows)]


def _counts(judgements: Sequence[Judgement]) -> list[str]:
    """Results of physics and, apart, what is true by construction or configuration, of each arm."""
    lines = []
    for arm in _arms(judgements):
        kinds: dict[str, list[str]] = {"results": [], "checks": []}
        for judgement in judgements:
            if judgement.arm == arm:
                kinds["checks" if judgement.claim.kind == CHECK else "results"].append(judgement.verdict)
        counted = [
            f"{len(found)} {kind}: "
            + ", ".join(f"{found.count(verdict)} {verdict}" for verdict in VERDICTS if verdict in found)
            for kind, found in kinds.items()
            if found
        ]
        lines.append(f"* {arm} arm, {'; '.join(counted)}.")
    return [
        *lines,
        "",
        "Results are of physics: a direction or a size. Checks are true by construction or by configuration.",
    ]


def _cell(judgement: Judgement) -> str:
    """A verdict with the distance of the weakest deciding test, on which the verdict hangs."""
    finding = weakest(judgement)
    distance = sigmas(finding) if finding else inf
    text = f"**{judgement.verdict}**" + (f" ({distance:+.1f} σ)" if abs(distance) < inf else "")
    left_out = any(f.verdict == NOT_TESTABLE and f.deciding for f in judgement.findings)
    if left_out and judgement.verdict != NOT_TESTABLE and not judgement.parts:
        text += "; in part"
    if judgement.parts:
        text += ": " + ", ".join(f"{name} {verdict}" for name, verdict in judgement.parts.items())
    against = any(f.verdict == NOT_REPRODUCED and not f.deciding for f in judgement.findings)
    return f"{text}; supporting tests against" if against else text


def _seeds(judgements: Sequence[Judgement]) -> list[str]:
    """A warning where the spread over trainings is unknown or poorly known."""
    seeds: dict[str, int] = {}
    for judgement in judgements:
        for finding in judgement.findings:
            if finding.seeds and finding.verdict != NOT_TESTABLE:
                claim = judgement.claim.id
                seeds[claim] = min(finding.seeds, seeds.get(claim, finding.seeds))
    lone = [claim for claim, number in seeds.items() if number == 1]
    several = sorted(set(seeds.values()) - {1})
    lines = []
    if lone:
        lines.append(
            f"In {', '.join(lone)} there is one training a model in at least one test: the spread over seeds "
            "is unknown there and not in the errors."
        )
    if several:
        few = "; a spread from so few is itself uncertain" if several[0] < 10 else ""
        lines.append(f"Elsewhere there are at least {several[0]} trainings a model{few}.")
    return lines


def _row(finding: Finding) -> list[str]:
    quantity = finding.quantity if finding.deciding else f"*supporting:* {finding.quantity}"
    if finding.reason:
        return [quantity, "", "", "", finding.verdict, finding.reason]
    sense = "<" if finding.below else ">"
    numbers = ", ".join(_number(number) for number in finding.numbers)
    predicted, p = f"{sense} {finding.threshold:.3g}", f"{finding.corrected:.2g}"
    return [quantity, _effect(finding), predicted, p, finding.verdict, numbers]


def _effect(finding: Finding) -> str:
    if finding.statistical == 0 and not isfinite(finding.seed):
        return f"{finding.effect:.3g}"
    shape = _shape(finding.statistical, finding.seed)
    statistical = f"{finding.effect:{shape}} ± {_error(finding.statistical, shape)} (stat.)"
    return f"{statistical} ± {_error(finding.seed, shape)} (seeds)" if finding.seeds else statistical


def _number(number: Number) -> str:
    if not isfinite(number.error):
        return f"{number.name} {number.value:.6g}"
    shape = _shape(number.error)
    return f"{number.name} {number.value:{shape}} ± {number.error:{shape}}"


def _error(value: float, shape: str) -> str:
    return f"{value:{shape}}" if isfinite(value) else "unknown"


def _shape(*errors: float) -> str:
    """A format that shows the largest error with two significant digits, with five decimal places at most."""
    known = [error for error in errors if isfinite(error) and error > 0]
    if not known:
        return ".4f"
    places = 1 - floor(log10(max(known)))
    # Losses of the faithful arm are of the order of 1e-5.
    return f".{min(max(places, 1), 5)}f" if places < 7 else ".2e"


def _claims(judgements: Sequence[Judgement]) -> list[Claim]:
    return list(dict.fromkeys(judgement.claim for judgement in judgements))


def _arms(judgements: Sequence[Judgement]) -> list[str]:
    return list(dict.fromkeys(judgement.arm for judgement in judgements))
