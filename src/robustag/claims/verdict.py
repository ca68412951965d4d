"""The rule by which a measured effect decides a claim."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan

from robustag.evaluation.significance import holm, level, p_value, total_error

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
WITHIN_ERROR = "within error"
NOT_TESTABLE = "not testable here"

_RULE = (
    "A claim predicts on which side of a threshold an effect lies (zero, where the source gives a direction "
    f"only). It is **{REPRODUCED}** if the measured effect lies there significantly, **{NOT_REPRODUCED}** if "
    f"it lies on the other side significantly, and **{WITHIN_ERROR}** in between: then this study cannot "
    "tell. An effect is significant if its two-sided p-value is below {level:.3g}, that of {significance:g} "
    "standard deviations of a normal distribution. The effect is compared with the quadratic sum of its "
    "statistical error (paired bootstrap over events, or scatter over jets or inputs) and the standard error "
    "of the mean over training seeds, each times Student's quantile of its own degrees of freedom, because "
    "few trainings know their spread poorly (Banerjee's test). All tests of a claim in an arm are one "
    "family, and their p-values are corrected for their number (Holm); distances in σ are corrected p-values "
    "in standard deviations of a normal distribution. With one training of each model, a comparison of two "
    f"models stays {WITHIN_ERROR}. A claim with several deciding tests is reproduced if all of them are, and "
    "not reproduced if any of them is not. Tests marked *supporting* are shown but do not decide."
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
        """P-value of this test alone; NaN where it could not be made."""
        if self.verdict == NOT_TESTABLE:
            return nan
        if self.error == inf:
            return 1.0
        return float(p_value(self.distance, self.statistical, self.freedom, self.seed, self.seeds))


def untestable(quantity: str, reason: str, deciding: bool = True, discriminator: str = "") -> Finding:
    """A finding that this study cannot make, with the reason."""
    return Finding(
        *(quantity, nan, nan, nan, 0, nan, nan, deciding),
        verdict=NOT_TESTABLE,
        reason=reason,
        discriminator=discriminator,
    )


def decide(findings: Sequence[Finding], significance: float) -> list[Finding]:
    """The findings of one claim, one family of tests, with corrected p-values and verdicts, by `rule`."""
    corrected = holm([finding.p for finding in findings])
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


def combine(findings: Sequence[Finding]) -> str:
    """Verdict of a claim from its decided findings; those that could not be made are left out."""
    verdicts = {finding.verdict for finding in findings if finding.deciding} - {NOT_TESTABLE}
    if not verdicts:
        return NOT_TESTABLE
    if NOT_REPRODUCED in verdicts:
        return NOT_REPRODUCED
    return WITHIN_ERROR if WITHIN_ERROR in verdicts else REPRODUCED
