"""Which jets train, which validate, which test: decided by a hash of the event, never by a row."""

import numpy as np

from robustag.hashing import splitmix64

SPLITS = ("train", "validation", "test")

# Any constant would do: it keeps the order of `mixed` apart from the split.
_ORDER = np.uint64(0xBF58476D1CE4E5B9)


def assign_split(key: np.ndarray, fractions: list[float]) -> np.ndarray:
    """Split of each jet, uint8 [N]: 0 = train, 1 = validation, 2 = test.

    Parameters
    ----------
    key : uint64 [N]
        From `robustag.readers.event_key`. The same event lands in the same split in every sample, chunk
        and study.
    fractions : list of three floats
        Shares of train, validation and test; arXiv:2203.13890 uses 0.72, 0.08, 0.20.
    """
    # Mixed once more, so that the split is independent of anything else derived from the key.
    position = (splitmix64(key) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return np.digitize(position, np.cumsum(fractions[:2])).astype(np.uint8)


def mixed(key: np.ndarray) -> np.ndarray:
    """An independent integer for each event key, int64 [N]: an order of events that no split shares."""
    return splitmix64(splitmix64(key.view(np.uint64)) ^ _ORDER).view(np.int64)
