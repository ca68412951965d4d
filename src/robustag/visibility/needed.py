"""How many jets a comparison of data with simulation needs to see a difference at three standard deviations.

Each function gives the jets of data, and as many simulated ones, at which the expected statistic of a test
reaches the value whose p-value is that of three standard deviations, counted as often as tests are made
(Bonferroni).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, kolmogi, ndtr, ndtri

_CHANCE = 2 * ndtr(-3.0)
"""Probability of three standard deviations to either side."""


def true_distance(distance: ArrayLike, floor: ArrayLike) -> np.ndarray:
    """Kolmogorov distance of two distributions from that of two samples and its floor, 0 below the floor.

    What a sample adds is taken off in quadrature: it is independent of the difference of the distributions.
    """
    return np.sqrt(np.maximum(np.square(distance) - np.square(floor), 0.0))


def jets_to_see(distance: ArrayLike, share: ArrayLike = 1.0, tests: int = 1) -> np.ndarray:
    """Jets at which a Kolmogorov-Smirnov test sees three sigma.

    Two independent samples of n entries differ by D with the p-value of D sqrt(n / 2) in the limiting
    distribution (Smirnov 1948). Infinite where there is no distance.

    Parameters
    ----------
    distance
        Kolmogorov distance D of the two distributions.
    share
        Share of the jets that have the input at all.
    tests
        Made together.
    """
    with np.errstate(divide="ignore"):
        return 2.0 * np.square(np.divide(kolmogi(_CHANCE / tests), distance)) / share


def jets_to_see_divergence(divergence: ArrayLike, cells: ArrayLike, tests: int = 1) -> np.ndarray:
    """Jets at which a chi2 test of two histograms sees three sigma.

    Of two samples of n entries each chi2 is close to 4 n times their Jensen-Shannon divergence, if that is
    small, and on average the degrees of freedom above this. Infinite where nothing differs.

    Parameters
    ----------
    divergence
        Jensen-Shannon divergence of the two distributions, nats.
    cells
        Filled cells; the degrees of freedom are one less.
    tests
        Made together.
    """
    freedom = np.maximum(np.asarray(cells, dtype=np.float64) - 1.0, 1.0)
    excess = chdtri(freedom, _CHANCE / tests) - freedom
    with np.errstate(divide="ignore"):
        return np.divide(excess, 4.0 * np.asarray(divergence, dtype=np.float64))


def jets_to_see_correlation(change: ArrayLike, variance: ArrayLike, tests: int = 1) -> np.ndarray:
    """Jets at which the change of a correlation coefficient is three of its standard deviations.

    Infinite where nothing changes.

    Parameters
    ----------
    change
        Of the coefficient.
    variance
        Of the coefficient in samples of n jets, times n: (1 - r^2)^2 for normal inputs.
    tests
        Made together.
    """
    deviations = -ndtri(_CHANCE / tests / 2.0)
    with np.errstate(divide="ignore"):
        return 2.0 * np.divide(np.multiply(variance, deviations**2), np.square(change))


def jets_to_classify(auc: ArrayLike) -> np.ndarray:
    """Jets for which the AUC of a classifier of data against simulation is three sigma from one half.

    The variance of the AUC without a difference is 1 / (6 n) for n jets of either sample (Mann and Whitney
    1947). The jets that trained the classifier are not among these. Infinite for an AUC of one half or less.

    Examples
    --------
    >>> round(float(jets_to_classify(0.6)))
    150
    """
    above = np.maximum(np.asarray(auc, dtype=np.float64) - 0.5, 0.0)
    with np.errstate(divide="ignore"):
        return 9.0 / 6.0 / np.square(above)


def price_of_looking(tests: int) -> float:
    """Factor by which `jets_to_see` grows if so many inputs are looked at: a p-value counts so many times.

    Examples
    --------
    >>> price_of_looking(1), round(price_of_looking(175), 2)
    (1.0, 1.78)
    """
    return float(jets_to_see(1.0, tests=tests) / jets_to_see(1.0))
