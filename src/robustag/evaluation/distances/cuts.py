"""Where one input is cut, so that counts between the cuts hold all that is compared of two samples."""

from dataclasses import dataclass

import numpy as np

from robustag.evaluation.histograms import BINS

_CENTRAL = (0.5, 99.5)
"""Per cent of the clean jets between which the bins lie; what is beyond counts in the outermost."""
_QUANTILES = 1000
"""Clean entries, evenly spread in rank, on both sides of which distributions are compared."""
_USUAL = 5, 0.001
"""One value may have so many entries, and this share of all on top, before it counts as repeated."""


@dataclass(frozen=True)
class Cuts:
    """Cuts of one input.

    Attributes
    ----------
    points : float32 [L]
        Ascending, each once. An entry equal to one lies above it.
    inner : int [49]
        Which of them are the inner borders of the 50 equal bins.
    repeated : bool
        Whether one value has more than a thousandth of the entries: any move away from it is plain.
    """

    points: np.ndarray
    inner: np.ndarray
    repeated: bool

    @classmethod
    def of(cls, ordered: np.ndarray) -> "Cuts":
        """From the existing clean entries in ascending order, float32 [n]; those of nothing are at zero."""
        ordered = ordered if len(ordered) else np.zeros(1, np.float32)
        low, high = np.percentile(ordered, _CENTRAL)
        inner = np.linspace(low, high if high > low else low + 1.0, BINS + 1)[1:-1].astype(np.float32)
        ranks = np.linspace(0, len(ordered) - 1, min(len(ordered), _QUANTILES)).astype(np.int64)
        before = ordered[ranks]
        # Just behind a value, too: what many jets share may move either way.
        behind = np.nextafter(before, np.float32(np.inf))
        points = np.unique(np.concatenate([before, behind, inner]))
        starts = np.flatnonzero(np.diff(ordered, prepend=np.float32(-np.inf)))
        largest = np.diff(starts, append=len(ordered)).max()
        few, share = _USUAL
        return cls(points, np.searchsorted(points, inner), bool(largest > few + share * len(ordered)))

    def binned(self, below: np.ndarray) -> np.ndarray:
        """Entries [..., 50] of the equal bins from those [..., L + 1] below each point and in all."""
        return np.diff(below[..., np.append(self.inner, -1)], axis=-1, prepend=0)
