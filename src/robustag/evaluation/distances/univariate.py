"""Distances between two samples of one input; everything is done for all F inputs together."""

import numpy as np
from scipy.special import rel_entr
from scipy.stats import wasserstein_distance

from robustag.classes import CLASSES
from robustag.evaluation.histograms import BINS

_CENTRAL = (0.5, 99.5)
"""Per cent of the clean jets between which the bins lie; what is beyond counts in the outermost."""


def ranges(values: np.ndarray, exists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends [F] of the central 99 % of the existing entries of values [N, F]; NaN where none exists."""
    with np.errstate(all="ignore"):
        present = np.where(exists, values, np.nan)
        chosen = exists.any(axis=0)
        ends = np.full((2, values.shape[1]), np.nan)
        ends[:, chosen] = np.nanpercentile(present[:, chosen], _CENTRAL, axis=0)
    return ends[0], ends[1]


def binned(
    values: np.ndarray, exists: np.ndarray, label: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Existing entries of values [N, F] in 50 equal bins from `low` to `high` [F]: int64 [3, F, 50]."""
    inputs = values.shape[1]
    width = np.where(high > low, high - low, 1.0)
    with np.errstate(invalid="ignore"):
        position = np.clip(np.floor((values - low) / width * BINS), 0, BINS - 1)
    cell = (label[:, None] * inputs + np.arange(inputs)) * BINS + np.where(exists, position, 0)
    counts = np.bincount(cell[exists].astype(np.int64), minlength=len(CLASSES) * inputs * BINS)
    return counts.reshape(len(CLASSES), inputs, BINS)


def kullback_leibler(clean: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """KL(clean | changed) in nats over the last axis of two sets of counts, as arXiv:2203.13890 takes it.

    An empty bin of either sample is given one entry before both are normalised, so that the sum stays finite.
    """
    p, q = (np.where(counts == 0, 1, counts) for counts in (clean, changed))
    return rel_entr(p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)).sum(axis=-1)


def jensen_shannon(clean: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence in nats over the last axis, in [0, ln 2]; empty bins need no rule.

    NaN where a sample has no entry.
    """
    with np.errstate(invalid="ignore"):
        p, q = (counts / counts.sum(axis=-1, keepdims=True) for counts in (clean, changed))
        return (rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)).sum(axis=-1) / 2


def wasserstein(
    clean: np.ndarray, clean_exists: np.ndarray, changed: np.ndarray, changed_exists: np.ndarray
) -> np.ndarray:
    """Area between the cumulative distributions of the existing entries, [F], in the unit of the values.

    Exact, without bins; NaN where a sample has no entry.
    """
    distance = np.full(clean.shape[1], np.nan)
    for column in range(clean.shape[1]):
        a = clean[clean_exists[:, column], column]
        b = changed[changed_exists[:, column], column]
        if len(a) and len(b):
            distance[column] = 0.0 if np.array_equal(a, b) else wasserstein_distance(a, b)
    return distance


def means(values: np.ndarray, exists: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Mean [3, F] of the existing entries by flavour; NaN where there is none."""
    with np.errstate(invalid="ignore"):
        return np.stack(
            [
                np.where(exists[label == flavour], values[label == flavour], 0.0).sum(axis=0)
                / exists[label == flavour].sum(axis=0)
                for flavour in range(len(CLASSES))
            ]
        )
