"""How far two histograms differ."""

import numpy as np
from scipy.special import rel_entr


def jensen_shannon(clean: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence in nats over the last axis, in [0, ln 2]; empty bins need no rule.

    Negative ones count as empty. NaN where a sample has no entry.
    """
    with np.errstate(invalid="ignore"):
        p, q = (np.maximum(counts, 0) for counts in (clean, changed))
        p, q = (counts / counts.sum(axis=-1, keepdims=True) for counts in (p, q))
        return (rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)).sum(axis=-1) / 2
