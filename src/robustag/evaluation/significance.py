"""The one rule by which an effect counts as one: its error, how well that is known, how many are tested.

Every verdict of a study, in tables, claims and audits, is a comparison of a p-value from here with `level`.
"""

from math import hypot, isfinite

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtr, stdtrit


def total_error(statistical: float, seed: float) -> float:
    """Quadratic sum of the statistical error and that of the training seed; one that is unknown adds nothing.

    Examples
    --------
    >>> total_error(3.0, 4.0), total_error(3.0, float("nan"))
    (5.0, 3.0)
    """
    return hypot(*(error if isfinite(error) else 0.0 for error in (statistical, seed)))


def p_value(
    distance: ArrayLike, statistical: ArrayLike, freedom: ArrayLike, seed: ArrayLike, seeds: ArrayLike
) -> np.ndarray:
    """Probability that an effect lies at least so far from its threshold, on either side, by chance.

    Two errors are estimated, that of the training seed from few trainings. An effect is significant at a
    level if it exceeds the quadratic sum of each error times Student's quantile of its own degrees of
    freedom, which is never too bold (S. K. Banerjee, Sankhya 22 (1960) 357). Degrees of freedom of the sum by
    Welch and Satterthwaite would be: where nothing has an effect, one of nine tests of three trainings each
    is then significant in 15 % of studies instead of 5 %, those whose few trainings agree by chance.

    Parameters
    ----------
    distance : array_like
        From the threshold.
    statistical, seed : array_like
        The two errors; one that is unknown (NaN) adds nothing.
    freedom : array_like
        Degrees of freedom of the statistical error: bootstrap replicates - 1, or units - 1.
    seeds : array_like
        Number of trainings.

    Returns
    -------
    ndarray float64
        In the common shape of all. Without any error 0 for a distance and 1 for none; NaN for a distance that
        is no number.

    Examples
    --------
    >>> p_value([2.0, -2.0], 1.0, np.inf, np.nan, 1).round(4).tolist()
    [0.0455, 0.0455]
    >>> float(p_value(2.0, 0.8, np.inf, 0.6, 3).round(4))
    0.1206
    """
    size, *errors_and_freedoms = np.broadcast_arrays(
        np.abs(np.asarray(distance, dtype=np.float64)),
        np.nan_to_num(np.asarray(statistical, dtype=np.float64)),
        np.asarray(freedom, dtype=np.float64),
        np.nan_to_num(np.asarray(seed, dtype=np.float64)),
        np.maximum(np.asarray(seeds, dtype=np.float64) - 1.0, 1.0),
    )
    error, known = np.stack(errors_and_freedoms[0::2]), np.stack(errors_and_freedoms[1::2])
    # What has no error has no degrees of freedom either.
    known = np.where(error > 0, known, np.inf)
    # With both errors it is no smaller than with either alone.
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = 2.0 * _tail(np.where(error > 0, size / error, np.where(size > 0, np.inf, 0.0)), known)
    p = np.array(alone.max(axis=0))
    both = (error > 0).all(axis=0) & (p > 0) & np.isfinite(size)
    if both.any():
        p[both] = _bisected(p[both], size[both], error[:, both], known[:, both])
    return np.where(np.isfinite(size), p, np.nan)


def _bisected(below: np.ndarray, size: np.ndarray, error: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """P-values with both errors, by bisection of the logarithm, to nine digits of the smallest."""
    above = np.ones_like(size)
    for _ in range(40):
        middle = np.sqrt(below * above)
        reached = np.hypot(*(error * _quantile(middle / 2.0, freedom))) > size
        below, above = np.where(reached, middle, below), np.where(reached, above, middle)
    return above


def _tail(deviation: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Probability that Student's variable exceeds a deviation; a normal one, with infinite freedom."""
    finite = np.isfinite(freedom)
    return np.where(finite, stdtr(np.where(finite, freedom, 1.0), -deviation), ndtr(-deviation))


def _quantile(tail: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """The inverse of `_tail`."""
    finite = np.isfinite(freedom)
    return -np.where(finite, stdtrit(np.where(finite, freedom, 1.0), tail), ndtri(tail))


def holm(p_values: ArrayLike) -> np.ndarray:
    """P-values of a family of tests, corrected for their number: S. Holm, Scand. J. Stat. 6 (1979) 65.

    If none of the effects is there, any of the corrected values lies below a level with at most the
    probability of that level, however the tests are correlated.

    Parameters
    ----------
    p_values : array_like of float [N]
        NaN is a test that could not be made: it stays NaN and does not count.

    Returns
    -------
    ndarray float64 [N]

    Examples
    --------
    >>> holm([0.01, 0.04, float("nan"), 0.03]).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    raw = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(np.isfinite(raw))
    order = tested[np.argsort(raw[tested], kind="stable")]
    corrected = np.full_like(raw, np.nan)
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(raw[order] * factors), 1.0)
    return corrected


#: What two models have in common of whom no test says more: no significant difference, or no test at all.
ALIKE, UNKNOWN = "no significant difference", "unknown"


def answer(difference: float, p: float, below: float, positive: str, negative: str) -> str:
    """What a test says of a difference: `positive` or `negative` words if its p-value is below a level.

    Otherwise `ALIKE`, and `UNKNOWN` without a p-value (NaN), as of models that were trained once.

    Examples
    --------
    >>> answer(-0.3, 0.001, 0.05, "better", "worse"), answer(0.3, 0.2, 0.05, "better", "worse")
    ('worse', 'no significant difference')
    """
    if np.isnan(p):
        return UNKNOWN
    if p >= below:
        return ALIKE
    return positive if difference > 0 else negative


def level(significance: float) -> float:
    """Two-sided p-value of an effect of so many standard deviations of a normal distribution.

    Examples
    --------
    >>> round(level(2.0), 4)
    0.0455
    """
    return float(2.0 * ndtr(-significance))


def normal_deviations(p_value: float) -> float:
    """The inverse of `level`: a two-sided p-value in standard deviations of a normal distribution.

    Examples
    --------
    >>> round(normal_deviations(0.0455), 2), normal_deviations(0.0)
    (2.0, inf)
    """
    return -float(ndtri(p_value / 2.0))
