"""Counts of jets that pass: rates, their exact intervals, and the change of a rate on the same jets."""

import numpy as np
from scipy.special import betaincinv

from robustag.intervals import ONE_SIGMA


def efficiency(
    passed: np.ndarray | float, total: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """passed / total with the central 68 % interval of Clopper and Pearson (Biometrika 26 (1934) 404).

    Returns value, low, high, float64 [N]; NaN, 0, 1 for an empty total. Raises ValueError when more pass than
    there are.
    """
    passed, total = np.asarray(passed), np.asarray(total)
    if (passed > total).any():
        raise ValueError("efficiency: more pass than there are")
    tail = 0.5 * (1.0 - ONE_SIGMA)
    with np.errstate(invalid="ignore", divide="ignore"):
        low = np.where(passed > 0, betaincinv(passed, total - passed + 1, tail), 0.0)
        high = np.where(passed < total, betaincinv(passed + 1, total - passed, 1.0 - tail), 1.0)
        return passed / total, low, high


def effective_number(weight: np.ndarray | None, jets: int) -> float:
    """How many jets of weight one have the same relative error, (sum of w)^2 / (sum of w^2).

    Weights are taken to say nothing of what is measured. Negative ones make it smaller than the sum of all;
    all weights alike give the number of jets (L. Kish, Survey Sampling, 1965, section 11.7).

    Parameters
    ----------
    weight : float [N] or None
        None: one each.
    jets : int
        N.
    """
    if weight is None:
        return jets
    squares = np.square(weight).sum()
    return float(np.square(weight.sum()) / squares) if squares else 0.0


def in_effective_jets(weight: np.ndarray) -> np.ndarray:
    """Weights [N] in the unit in which they add up to their `effective_number`; zero if that is none.

    Counts of jets so weighted have the shares that weights give them, and the errors of a count.
    """
    squares = np.square(weight).sum()
    return weight * (weight.sum() / squares if squares else 0.0)


def effective_efficiency(
    value: np.ndarray | float, effective: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval of `efficiency` for a rate of weighted jets.

    They are as good as `effective` jets of weight one. Negative weights may take the rate out of [0, 1]: the
    interval is then that of the nearer end, and reaches to the rate.
    """
    value = np.asarray(value, dtype=np.float64)
    passed = np.clip(np.nan_to_num(value) * effective, 0.0, effective)
    # Counts of jets are whole: what the product has lost of that is rounding.
    whole = np.minimum(np.rint(passed), effective)
    _, low, high = efficiency(np.where(np.abs(passed - whole) < 1e-6, whole, passed), effective)
    return np.fmin(low, value), np.fmax(high, value)


def paired_difference(
    gained: np.ndarray, lost: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Change of passed / total on the same jets, and its error.

    Jets that pass before and after cancel, so that the error knows only those that cross (McNemar,
    Psychometrika 12 (1947) 153)::

        difference = (gained - lost) / total
        error^2    = (gained + lost - (gained - lost)^2 / total) / total^2

    Parameters
    ----------
    gained, lost : int [N]
        Jets that pass after but not before, and before but not after.
    total : int [N]
        All jets. NaN for none.

    Returns
    -------
    difference, error : float64 [N]
    """
    gained, lost, total = (np.asarray(count, dtype=np.float64) for count in (gained, lost, total))
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = (gained - lost) / total
        return difference, np.sqrt((gained + lost) / total - difference**2) / np.sqrt(total)
