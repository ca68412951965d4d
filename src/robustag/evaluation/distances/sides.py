"""Events that change sides between two samples, so that they differ by chance alone."""

import numpy as np

from robustag.classes import CLASSES
from robustag.hashing import splitmix64

GROUPS = 16
"""Groups of events that change sides together, of about the same size: a power of two."""


def side_cells(event: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Cell of each jet, int64 [N]: its group times the number of flavours, plus its flavour.

    Parameters
    ----------
    event : int64 [N]
        Keys, any bits.
    label : int64 [N]
    """
    group = splitmix64(splitmix64(event.view(np.uint64))) >> np.uint64(65 - GROUPS.bit_length())
    return group.astype(np.int64) * len(CLASSES) + label
