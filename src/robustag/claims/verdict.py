"""The rule by which a measured effect decides a claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
WITHIN_ERROR = "within error"
NOT_TESTABLE = "not testable here"

RULE = (
    "A claim predicts that an effect exceeds a threshold (zero, where the source gives a direction only). "
    f"It is **{REPRODUCED}** if the measured effect lies above the threshold by more than "
    f"{{significance:g}} total errors, **{NOT_REPRODUCED}** if it lies below by more than that, and "
    f"**{WITHIN_ERROR}** in between: then this study cannot tell. The total error is the quadratic sum of "
    "the statistical error (paired bootstrap over events, or paired jets) and the standard error of the "
    "mean over training seeds. A claim with several deciding tests is reproduced if all of them are, and "
    "not reproduced if any of them is not. Tests marked *supporting* are shown but do not decide."
)


@dataclass(frozen=True)
class Number:
    """A measured number and its total error."""

    name: str
    value: float
    error: float


@dataclass(frozen=True)
class Finding:
    """One tested effect.

    Attributes:
        quantity: what was measured, in words; the claim predicts ``effect > threshold``.
        effect: measured value, mean over training seeds.
        statistical, seed: its two errors; NaN where unknown (``seed`` for a single training).
        seeds: number of trainings of each model.
        threshold: what the effect has to exceed.
        deciding: whether the claim hangs on it.
        verdict: by :func:`judge`.
        numbers: what went into the effect.
        reason: why it could not be tested, else empty.
    """

    quantity: str
    effect: float
    statistical: float
    seed: float
    seeds: int
    threshold: float
    deciding: bool
    verdict: str
    numbers: tuple[Number, ...] = ()
    reason: str = ""

    @property
    def error(self) -> float:
        """Quadratic sum of the known errors; NaN if neither is known."""
        return total_error(self.statistical, self.seed)


def untestable(quantity: str, reason: str, deciding: bool = True) -> Finding:
    """A finding that this study cannot make, with the reason."""
    nan = float("nan")
    return Finding(quantity, nan, nan, nan, 0, nan, deciding, NOT_TESTABLE, reason=reason)


def total_error(statistical: float, seed: float) -> float:
    """Quadratic sum of the known errors; NaN if neither is known.

    >>> total_error(3.0, 4.0), total_error(3.0, float("nan"))
    (5.0, 3.0)
    """
    known = [error for error in (statistical, seed) if isfinite(error)]
    return sum(error**2 for error in known) ** 0.5 if known else float("nan")


def judge(effect: float, error: float, threshold: float, significance: float) -> str:
    """Verdict on the prediction ``effect > threshold``, by :data:`RULE`.

    >>> judge(0.05, 0.01, 0.0, 2.0), judge(0.015, 0.01, 0.0, 2.0), judge(-0.05, 0.01, 0.0, 2.0)
    ('reproduced', 'within error', 'not reproduced')
    """
    if not (isfinite(effect) and isfinite(error)):
        return NOT_TESTABLE
    distance = effect - threshold
    if abs(distance) <= significance * error:
        return WITHIN_ERROR
    return REPRODUCED if distance > 0 else NOT_REPRODUCED


def combine(findings: Sequence[Finding]) -> str:
    """Verdict of a claim from its deciding findings; those that could not be made are left out."""
    verdicts = {finding.verdict for finding in findings if finding.deciding} - {NOT_TESTABLE}
    if not verdicts:
        return NOT_TESTABLE
    if NOT_REPRODUCED in verdicts:
        return NOT_REPRODUCED
    return WITHIN_ERROR if WITHIN_ERROR in verdicts else REPRODUCED
