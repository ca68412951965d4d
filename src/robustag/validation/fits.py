"""Small fits on histograms: Gaussian core, exponential slope, width."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import norm

from robustag.intervals import ONE_SIGMA

# Fewer entries than this make no fit.
_ENTRIES_MIN = 50


def central_width(low: np.ndarray, high: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Half the width of the central 68.3 %, and its error; infinite outer bins count as outside.

    Within a bin entries are taken as uniform. The error is that of a Gaussian sample,
    sigma sqrt(t (1 - 2 t) / 2 n) / phi(1) with tail t = 0.159 and the normal density phi. NaN when there are
    too few entries or a tail reaches beyond the finite bins.
    """
    total = counts.sum()
    tail = 0.5 * (1.0 - ONE_SIGMA)
    cumulative = np.cumsum(counts) / max(total, 1)
    finite = np.isfinite(low) & np.isfinite(high)
    below = cumulative[np.flatnonzero(finite)[0] - 1] if not finite[0] else 0.0
    if total < _ENTRIES_MIN or below > tail or cumulative[finite][-1] < 1.0 - tail:
        return float("nan"), float("nan")
    edges = np.concatenate([low[finite][:1], high[finite]])
    lower, upper = np.interp([tail, 1.0 - tail], np.concatenate([[below], cumulative[finite]]), edges)
    width = 0.5 * (upper - lower)
    return width, width * np.sqrt(tail * (1.0 - 2.0 * tail) / (2.0 * total)) / norm.pdf(1.0)


def mixture_width(sigmas: np.ndarray, counts: np.ndarray) -> float:
    """Half the width of the central 68.3 % of a mixture of centred Gaussians; NaN for too few of them."""
    if counts.sum() < _ENTRIES_MIN:
        return float("nan")

    def excess(width: float) -> float:
        return float(np.average(2.0 * norm.cdf(width / sigmas) - 1.0, weights=counts)) - ONE_SIGMA

    filled = sigmas[counts > 0]
    return float(brentq(excess, 0.5 * filled.min(), 2.0 * filled.max()))


def _fit(
    cumulative: Callable[[np.ndarray, np.ndarray], np.ndarray],
    edges: np.ndarray,
    counts: np.ndarray,
    start: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Maximum-likelihood parameters of a density truncated to the edges, and their errors.

    cumulative: (edges, parameters) to the distribution function. Errors are from the Fisher information of
    the multinomial, N sum dp dp^T / p.
    """

    def probabilities(parameters: np.ndarray) -> np.ndarray:
        steps = np.diff(cumulative(edges, parameters))
        return np.maximum(steps / steps.sum(), 1e-300)

    best = minimize(
        lambda parameters: -(counts @ np.log(probabilities(parameters))) / counts.sum(),
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 4000},
    ).x
    step = 1e-4 * np.abs(start).max()
    slopes = np.stack(
        [(probabilities(best + shift) - probabilities(best - shift)) / (2.0 * step)
         for shift in step * np.eye(len(best))]
    )  # fmt: skip
    information = counts.sum() * (slopes / probabilities(best)) @ slopes.T
    return best, np.sqrt(np.diag(np.linalg.inv(information)))


def fit_gaussian(
    low: np.ndarray, high: np.ndarray, counts: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]]:
    """(mean, error), (width, error) of a Gaussian truncated to the given finite, adjacent bins."""
    if counts.sum() < _ENTRIES_MIN:
        return (np.nan, np.nan), (np.nan, np.nan)
    centre = 0.5 * (low + high)
    mean = np.average(centre, weights=counts)
    start = np.array([mean, np.sqrt(np.average((centre - mean) ** 2, weights=counts))])
    edges = np.append(low, high[-1])
    best, error = _fit(lambda x, p: norm.cdf((x - p[0]) / abs(p[1])), edges, counts, start)
    return (best[0], error[0]), (abs(best[1]), error[1])


def fit_exponential(low: np.ndarray, high: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Decay length of an exponential truncated to the given finite, adjacent bins, and its error."""
    if counts.sum() < _ENTRIES_MIN:
        return np.nan, np.nan
    start = np.array([np.average(0.5 * (low + high), weights=counts) - low[0]])
    edges = np.append(low, high[-1])
    best, error = _fit(lambda x, p: 1.0 - np.exp(-(x - x[0]) / abs(p[0])), edges, counts, start)
    return abs(best[0]), error[0]
