"""Distances between two samples of one input: of counts in bins, or of the entries themselves.

The symmetric one of counts is `robustag.visibility.jensen_shannon`.
"""

import numpy as np
from scipy.special import rel_entr


def kullback_leibler(clean: np.ndarray, changed: np.ndarray, entry: float = 1) -> np.ndarray:
    """KL(clean | changed) in nats over the last axis of two sets of counts, as arXiv:2203.13890 takes it.

    A bin of either sample that is empty, or negative, is given one `entry`, which is the weight of one,
    before both are normalised, so that the sum stays finite; NaN where a sample has no entry at all.
    """
    # Sums of weights that cancel leave a rounding error.
    p, q = (np.where(counts < 1e-9 * entry, entry, counts) for counts in (clean, changed))
    found = rel_entr(p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)).sum(axis=-1)
    return np.where(clean.any(axis=-1) & changed.any(axis=-1), found, np.nan)


def wasserstein(
    clean: np.ndarray,
    changed: np.ndarray,
    clean_weight: np.ndarray | None = None,
    changed_weight: np.ndarray | None = None,
) -> float:
    """Area between the cumulative distributions of entries [n] and [m] in ascending order, in their unit.

    Exact, without bins; NaN where a sample has no entry. Entries count one each, or as their weights [n] and
    [m] say, of either sign.
    """
    if not len(clean) or not len(changed):
        return float("nan")
    if clean_weight is None and changed_weight is None and len(clean) == len(changed):
        return float(np.abs(clean - changed).mean(dtype=np.float64))
    entries = np.concatenate([clean, changed]).astype(np.float64)
    steps = np.concatenate([_shares(clean, clean_weight), -_shares(changed, changed_weight)])
    # Two ascending runs, which this sort merges.
    order = entries.argsort(kind="stable")
    apart = steps[order].cumsum()
    return float(np.abs(apart[:-1]) @ np.diff(entries[order]))


def _shares(entries: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """What each entry adds to the cumulative distribution."""
    weight = np.ones(len(entries)) if weight is None else weight
    return weight / weight.sum()
