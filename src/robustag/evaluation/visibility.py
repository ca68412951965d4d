"""How many jets a comparison of data with simulation needs to see that one input differs."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kolmogi
from scipy.stats import norm

_CHANCE = 2 * norm.sf(3.0)
"""Probability of three standard deviations to either side."""


def true_distance(distance: ArrayLike, floor: ArrayLike) -> np.ndarray:
    """Kolmogorov distance of two distributions from that of two samples and its floor, 0 below the floor.

    What a sample adds is taken off in quadrature: it is independent of the difference of the distributions.
    """
    return np.sqrt(np.maximum(np.square(distance) - np.square(floor), 0.0))


def jets_to_see(distance: ArrayLike, share: ArrayLike = 1.0) -> np.ndarray:
    """Jets of data, and as many of simulation, at which a Kolmogorov-Smirnov test sees three sigma.

    Two independent samples of n entries differ by D with the p-value of D sqrt(n / 2) in the limiting
    distribution (Smirnov 1948). Infinite where there is no distance.

    Parameters
    ----------
    distance
        Kolmogorov distance D of the two distributions.
    share
        Share of the jets that have the input at all.
    """
    with np.errstate(divide="ignore"):
        return 2.0 * np.square(np.divide(kolmogi(_CHANCE), distance)) / share


def price_of_looking(tests: int) -> float:
    """Factor by which `jets_to_see` grows if so many inputs are looked at: a p-value counts so many times.

    Examples
    --------
    >>> price_of_looking(1), round(price_of_looking(175), 2)
    (1.0, 1.78)
    """
    return float(np.square(kolmogi(_CHANCE / tests) / kolmogi(_CHANCE)))
