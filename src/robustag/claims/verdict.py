"""The rule by which a measured effect decides a claim."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan

import numpy as np

from robustag.evaluation.significance import holm, level, p_value, total_error

REPRODUCED = "reproduced"
IN_PART = "reproduced in part"
NOT_REPRODUCED = "not reproduced"
WITHIN_ERROR = "within error"
NOT_TESTABLE = "not testable here"

_RULE = (
    "A claim predicts on which side of a threshold an effect lies (zero, where the source gives a direction "
    f"only). It is **{REPRODUCED}** if the measured effect lies there significantly, **{NOT_REPRODUCED}** if "
    f"it lies on the other side significantly, and **{WITHIN_ERROR}** in between: then this study cannot "
    "tell. An effect is significant if its two-sided p-value is below {level:.3g}, that of {significance:g} "
    "standard deviations of a normal distribution. The effect is compared with the quadratic sum of its "
    "statistical error (paired bootstrap over events, or scatter over jets) and the standard error of "
    "the mean over training seeds, each times Student's quantile of its own degrees of freedom, because "
    "few trainings know their spread poorly (Banerjee's test). The deciding tests of a "
    "claim in an arm are one family, and their p-values are corrected for their number (Holm); so are the "
    "supporting ones, which are significant only if a deciding one is. Distances in σ are corrected p-values "
    "in standard deviations of a normal distribution. With one training of each model, a comparison of two "
    f"models stays {WITHIN_ERROR}. A claim with several deciding tests is reproduced if all of them are, and "
    "not reproduced if any of them is not. A claim that asks several questions has a "
    f"verdict for each; it is **{IN_PART}** if some are and others are not, or are open. Tests marked "
    "*supporting* are shown but do not decide."
)


def rule(significance: float) -> str:
    """How verdicts are reached, in words."""
    return _RULE.format(significance=significance, level=level(significance))


@dataclass(frozen=True)
class Number:
    """A measured number and its total error."""

    name: str
    value: float
    error: float


@dataclass(frozen=True)
class Finding:
    """One tested effect.

    Attributes
    ----------
    quantity
        What was measured, in words; the claim predicts ``effect > threshold``, or ``<`` if ``below``.
    effect
        Measured value, mean over training seeds.
    statistical, seed
        Its two errors; NaN where unknown (``seed`` for a single training).
    seeds
        Number of trainings of each model.
    threshold
        What the effect has to exceed.
    freedom
        Degrees of freedom of the statistical error.
    deciding
        Whether the claim hangs on it.
    compares
        Whether two models, trained separately, are compared.
    corrected
        P-value corrected for the number of tests of the claim; NaN before `decide`.
    verdict
        By `decide`; empty before.
    numbers
        What went into the effect.
    reason
        Why it could not be tested, else empty.
    below
        Whether the effect is predicted to lie below the threshold.
    discriminator
        The discriminator that it is about; empty for anything else.
    part
        What of the claim it answers, where the claim has several answers; else empty.
    tries
        Number of tests of which it is the most significant one, where one is enough.
    """

    quantity: str
    effect: float
    statistical: float
    seed: float
    seeds: int
    threshold: float
    freedom: float
    deciding: bool
    corrected: float = nan
    verdict: str = ""
    compares: bool = False
    numbers: tuple[Number, ...] = ()
    reason: str = ""
    below: bool = False
    discriminator: str = ""
    part: str = ""
    tries: int = 1

    @property
    def distance(self) -> float:
        """How far the effect lies on the predicted side of its threshold."""
        return (self.threshold - self.effect) if self.below else (self.effect - self.threshold)

    @property
    def error(self) -> float:
        """The total error by `rule`; infinite where no error is known that could decide."""
        if self.seeds < 2 and (self.compares or not isfinite(self.statistical)):
            return inf
        return total_error(self.statistical, self.seed)

    @property
    def p(self) -> float:
        """P-value of this test, corrected for its `tries` (Bonferroni); NaN where it could not be made."""
        if self.verdict == NOT_TESTABLE:
            return nan
        if self.error == inf:
            return 1.0
        alone = p_value(self.distance, self.statistical, self.freedom, self.seed, self.seeds)
        return min(1.0, self.tries * float(alone))


def untestable(
    quantity: str, reason: str, deciding: bool = True, discriminator: str = "", part: str = ""
) -> Finding:
    """A finding that this study cannot make, with the reason."""
    return Finding(
        *(quantity, nan, nan, nan, 0, nan, nan, deciding),
        verdict=NOT_TESTABLE,
        reason=reason,
        discriminator=discriminator,
        part=part,
    )


def decide(findings: Sequence[Finding], significance: float) -> list[Finding]:
    """The findings of one claim with corrected p-values and verdicts, by `rule`.

    Deciding and supporting tests are a family each. Behind the deciding ones the others are behind a gate, so
    that where nothing has an effect, the probability of calling anything in the claim significant is that of
    the deciding tests alone.
    """
    deciding = np.array([finding.deciding for finding in findings])
    raw = np.array([finding.p for finding in findings])
    corrected = holm(np.where(deciding, raw, nan))
    gate = np.nanmin(corrected, initial=1.0) if deciding.any() else 0.0
    corrected = np.where(deciding, corrected, np.maximum(holm(np.where(deciding, nan, raw)), gate))
    return [
        replace(
            finding,
            corrected=float(p),
            verdict=finding.verdict or judge(finding.distance, float(p), level(significance)),
        )
        for finding, p in zip(findings, corrected, strict=True)
    ]


def judge(distance: float, p: float, below: float) -> str:
    """Verdict on an effect that lies so far on the predicted side of its threshold, by its p-value.

    Examples
    --------
    >>> judge(0.05, 0.01, 0.05), judge(0.05, 0.1, 0.05), judge(-0.05, 0.01, 0.05)
    ('reproduced', 'within error', 'not reproduced')
    """
    if p >= below:
        return WITHIN_ERROR
    return REPRODUCED if distance > 0 else NOT_REPRODUCED


def parts(findings: Sequence[Finding]) -> dict[str, str]:
    """Verdict of each question that a claim asks; empty for a claim that is a whole."""
    deciding = [finding for finding in findings if finding.deciding and finding.part]
    names = dict.fromkeys(finding.part for finding in deciding)
    return {
        name: combine([replace(finding, part="") for finding in deciding if finding.part == name])
        for name in names
    }


def combine(findings: Sequence[Finding]) -> str:
    """Verdict of a claim from its decided findings; those that could not be made are left out."""
    answers = set(parts(findings).values()) - {NOT_TESTABLE}
    if len(answers) > 1 and REPRODUCED in answers:
        return IN_PART
    verdicts = {finding.verdict for finding in findings if finding.deciding} - {NOT_TESTABLE}
    if not verdicts:
        return NOT_TESTABLE
    if NOT_REPRODUCED in verdicts:
        return NOT_REPRODUCED
    return WITHIN_ERROR if WITHIN_ERROR in verdicts else REPRODUCED
