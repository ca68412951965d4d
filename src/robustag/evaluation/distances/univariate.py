"""Distances between two samples of one input: of counts in bins, or of the entries themselves."""

import numpy as np
from scipy.special import rel_entr
from scipy.stats import wasserstein_distance


def kullback_leibler(clean: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """KL(clean | changed) in nats over the last axis of two sets of counts, as arXiv:2203.13890 takes it.

    An empty bin of either sample is given one entry before both are normalised, so that the sum stays finite;
    NaN where a sample has no entry at all.
    """
    p, q = (np.where(counts == 0, 1, counts) for counts in (clean, changed))
    found = rel_entr(p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)).sum(axis=-1)
    return np.where(clean.any(axis=-1) & changed.any(axis=-1), found, np.nan)


def jensen_shannon(clean: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence in nats over the last axis, in [0, ln 2]; empty bins need no rule.

    NaN where a sample has no entry.
    """
    with np.errstate(invalid="ignore"):
        p, q = (counts / counts.sum(axis=-1, keepdims=True) for counts in (clean, changed))
        return (rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)).sum(axis=-1) / 2


def wasserstein(clean: np.ndarray, changed: np.ndarray) -> float:
    """Area between the cumulative distributions of entries [n] and [m] in ascending order, in their unit.

    Exact, without bins; NaN where a sample has no entry.
    """
    if not len(clean) or not len(changed):
        return float("nan")
    if len(clean) == len(changed):
        return float(np.abs(clean - changed).mean(dtype=np.float64))
    return float(wasserstein_distance(clean, changed))
