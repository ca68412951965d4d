"""What an error of one standard deviation means: one central interval for counts, fits and replicates."""

import numpy as np
from scipy.special import ndtr

ONE_SIGMA = float(ndtr(1.0) - ndtr(-1.0))
"""Central probability of one standard deviation, 68 %."""

PERCENTILES = (15.865, 84.135)
"""Where it ends among replicates, to as many digits as their number can tell."""


def interval(replicates: np.ndarray, axis: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Low and high end of the central 68 % of replicates along an axis; those that are NaN are left out."""
    # Leaving NaN out takes ten times as long.
    whole = replicates.size > 0 and not np.isnan(replicates).any()
    low, high = (np.percentile if whole else np.nanpercentile)(replicates, PERCENTILES, axis=axis)
    return low, high


def corrected(
    value: np.ndarray, replicates: np.ndarray, axis: int = -1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A number and the ends of its 68 % interval, without the bias that the bootstrap finds in it.

    For numbers that noise moves to one side: replicates are noisier than the value, as the value is noisier
    than the truth, so that both are mirrored at it (the basic bootstrap interval).

    Source: A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, 1997, sections 2.2, 5.2.
    """
    low, high = interval(replicates, axis)
    return 2 * value - np.nanmean(replicates, axis=axis), 2 * value - high, 2 * value - low
