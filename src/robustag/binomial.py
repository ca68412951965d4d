"""Counts of jets that pass: rates, their exact intervals, and the change of a rate on the same jets."""

import numpy as np
from scipy.special import betaincinv

from robustag.intervals import ONE_SIGMA


def efficiency(
    passed: np.ndarray | int, total: np.ndarray | int
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
