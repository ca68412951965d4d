"""What a perturbation does to the linear correlations of all inputs."""

import numpy as np

_FEWEST = 100
"""Jets that must have both inputs of a pair."""


def correlation(values: np.ndarray, exists: np.ndarray) -> np.ndarray:
    """Pearson correlation [F, F] of each pair of inputs over the jets that have both.

    NaN for pairs that fewer than 100 jets have, or of which one does not vary there.

    Parameters
    ----------
    values : float64 [N, F]
        About zero on average, as scaled inputs are, or digits are lost.
    exists : bool [N, F]
    """
    mask = exists.astype(np.float64)
    filled = np.where(exists, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        number = mask.T @ mask
        # [f, g]: moments of input f over the jets that have f and g.
        mean, square = filled.T @ mask / number, (filled**2).T @ mask / number
        variance = square - mean**2
        covariance = filled.T @ filled / number - mean * mean.T
        found = covariance / np.sqrt(variance * variance.T)
    fixed = np.minimum(variance, variance.T) <= 1e-12 * np.maximum(square, square.T)
    return np.where((number < _FEWEST) | fixed, np.nan, np.clip(found, -1.0, 1.0))


def correlation_change(clean: np.ndarray, changed: np.ndarray) -> tuple[float, float]:
    """Frobenius norm and largest entry of the difference of two correlation matrices, unknown pairs apart."""
    change = np.nan_to_num(changed - clean)
    return float(np.linalg.norm(change)), float(np.abs(change).max())
