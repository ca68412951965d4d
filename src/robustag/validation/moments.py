"""Weighted means and standard deviations with statistical errors, from sums that add up over chunks."""

from dataclasses import dataclass

import numpy as np

POWERS = 5


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation of F quantities with their statistical errors, float64 [F] each."""

    mean: np.ndarray
    mean_error: np.ndarray
    sigma: np.ndarray
    sigma_error: np.ndarray


def power_sums(values: np.ndarray, weight: np.ndarray, exists: np.ndarray) -> np.ndarray:
    """Sums of w u^k and w^2 u^k, k = 0..4, over the existing entries: float64 [2, 5, F].

    values: [N, F], best standardised (u of the order of one, so that no digit is lost); weight: [N]; exists:
    bool [N, F]. The sums of two samples are the sum of their sums.
    """
    values = np.where(exists, values, 0.0)
    power, sums = exists.astype(np.float64), np.empty((2, POWERS, values.shape[1]))
    for k in range(POWERS):
        sums[:, k] = np.stack([weight, weight**2]) @ power
        power = power * values
    return sums


def moments(sums: np.ndarray) -> Moments:
    """Mean and standard deviation from `power_sums`; NaN where no entry exists.

    For weights w the variance of the mean m is sum w^2 (u - m)^2 / (sum w)^2, that of the sample variance s^2
    is sum w^2 ((u - m)^2 - s^2)^2 / (sum w)^2, and sigma(s) = sigma(s^2) / 2 s (the large-sample limits).
    """
    total = sums[0, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums[0, 1] / total
        variance = np.maximum(sums[0, 2] / total - mean**2, 0.0)
        # Sums of w^2 (u - m)^2 and w^2 (u - m)^4, expanded in powers of u.
        one, u, uu, uuu, uuuu = sums[1]
        second = uu - 2.0 * mean * u + mean**2 * one
        fourth = uuuu - 4.0 * mean * uuu + 6.0 * mean**2 * uu - 4.0 * mean**3 * u + mean**4 * one
        of_variance = np.maximum(fourth - 2.0 * variance * second + variance**2 * one, 0.0)
        return Moments(
            mean=mean,
            mean_error=np.sqrt(np.maximum(second, 0.0)) / total,
            sigma=np.sqrt(variance),
            sigma_error=np.sqrt(of_variance) / total / (2.0 * np.sqrt(variance)),
        )
