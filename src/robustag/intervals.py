"""What an error of one standard deviation means: one central interval for counts, fits and replicates."""

import numpy as np
from scipy.special import ndtr

ONE_SIGMA = float(ndtr(1.0) - ndtr(-1.0))
"""Central probability of one standard deviation, 68 %."""

PERCENTILES = (15.865, 84.135)
"""Where it ends among replicates, to as many digits as their number can tell."""


def interval(replicates: np.ndarray, axis: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Low and high end of the central 68 % of replicates along an axis; those that are NaN are left out."""
    low, high = np.nanpercentile(replicates, PERCENTILES, axis=axis)
    return low, high
