"""The rule by which a measured effect decides a claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, isfinite

from scipy.stats import norm, t

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
WITHIN_ERROR = "within error"
NOT_TESTABLE = "not testable here"

RULE = (
    "A claim predicts on which side of a threshold an effect lies (zero, where the source gives a direction "
    f"only). It is **{REPRODUCED}** if the measured effect lies there by more than {{significance:g}} total "
    f"errors, **{NOT_REPRODUCED}** if it lies on the other side by more than that, and "
    f"**{WITHIN_ERROR}** in between: then this study cannot tell. The total error is the quadratic sum of "
    "the statistical error (paired bootstrap over events, or scatter over jets) and the standard "
    "error of the mean over training seeds, the latter widened by Student's quantile because it comes from "
    "few trainings (a factor 2.3 for three). With one training a model, a comparison of two models stays "
    f"{WITHIN_ERROR}. A claim with several deciding tests is reproduced if all of them are, and "
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
    deciding
        Whether the claim hangs on it.
    compares
        Whether two models, trained separately, are compared.
    verdict
        By `judge`.
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
    deciding: bool
    verdict: str
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
        """The total error by `RULE`."""
        return total_error(self.statistical, self.seed, self.seeds, self.compares)


def untestable(quantity: str, reason: str, deciding: bool = True, discriminator: str = "") -> Finding:
    """A finding that this study cannot make, with the reason."""
    nan = float("nan")
    return Finding(
        *(quantity, nan, nan, nan, 0, nan, deciding, NOT_TESTABLE), reason=reason, discriminator=discriminator
    )


def total_error(statistical: float, seed: float, seeds: int, compares: bool) -> float:
    """Error that decides: statistics and, widened for their small number, training seeds.

    A statistical error that is unknown counts as none. With one training the error is statistical alone, and
    infinite when two models are compared or nothing is known at all.

    Examples
    --------
    >>> total_error(3.0, 4.0, 1000, True)
    5.0
    >>> total_error(3.0, float("nan"), 1, False), total_error(3.0, float("nan"), 1, True)
    (3.0, inf)
    """
    if seeds < 2:
        return inf if compares or not isfinite(statistical) else statistical
    # Two standard errors of a mean over S trainings cover what two sigma promise only for large S.
    widening = round(float(t.ppf(norm.cdf(2.0), seeds - 1)) / 2.0, 2)
    return hypot(statistical if isfinite(statistical) else 0.0, widening * seed)


def judge(distance: float, error: float, significance: float) -> str:
    """Verdict on an effect that lies so far on the predicted side of its threshold, by `RULE`.

    Examples
    --------
    >>> judge(0.05, 0.01, 2.0), judge(0.015, 0.01, 2.0), judge(-0.05, 0.01, 2.0)
    ('reproduced', 'within error', 'not reproduced')
    """
    if not isfinite(distance) or error != error:
        return NOT_TESTABLE
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
