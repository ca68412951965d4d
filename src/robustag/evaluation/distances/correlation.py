"""What a perturbation does to the linear correlations of all inputs."""

import numpy as np

_FEWEST = 100
"""Jets that must have both inputs of a pair."""


def correlation(values: np.ndarray, exists: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Pearson correlation [F, F] of each pair of inputs over the jets that have both.

    NaN for pairs that fewer than 100 jets have, or of which one does not vary there, or so negatively.

    Parameters
    ----------
    values : float64 [N, F]
        About zero on average, as scaled inputs are, or digits are lost.
    exists : bool [N, F]
    weight : float [N], optional
        One each if left out.
    """
    mask = exists.astype(np.float64)
    filled = np.where(exists, values, 0.0)
    counted, weighted = mask, filled
    if weight is not None:
        counted, weighted = weight[:, None] * mask, weight[:, None] * filled
    with np.errstate(invalid="ignore", divide="ignore"):
        number = mask.T @ counted
        # [f, g]: moments of input f over the jets that have f and g.
        mean, square = filled.T @ counted / number, (filled**2).T @ counted / number
        variance = square - mean**2
        covariance = filled.T @ weighted / number - mean * mean.T
        found = covariance / np.sqrt(variance * variance.T)
    fixed = np.minimum(variance, variance.T) <= 1e-12 * np.maximum(square, square.T)
    few = mask.T @ mask < _FEWEST
    return np.where(few | fixed, np.nan, np.clip(found, -1.0, 1.0))


def correlation_change(clean: np.ndarray, changed: np.ndarray) -> tuple[float, float]:
    """Frobenius norm and largest entry of the difference of two correlation matrices, unknown pairs apart."""
    change = np.nan_to_num(changed - clean)
    return float(np.linalg.norm(change)), float(np.abs(change).max())
