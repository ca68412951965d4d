"""From lists of elements, of each jet or of each event, to the first elements of every jet."""

import numpy as np


def leading(
    jet: np.ndarray, columns: list[np.ndarray], rank: np.ndarray | None, places: int, jets: int
) -> np.ndarray:
    """Variables of the first elements of every jet, float32 [V, T, N], NaN where there are fewer.

    Parameters
    ----------
    jet : int64 [M]
        Row of the jet that each element belongs to; negative for none.
    columns : list of arrays [M]
        A variable of every element, V of them.
    rank : float64 [M] or None
        Elements come in descending order of it, equal ones as in the file; NaN comes last. None for the order
        of the file.
    places : int
        T.
    jets : int
        N.
    """
    chosen = np.flatnonzero(jet >= 0) if (jet < 0).any() else np.arange(len(jet))
    if rank is not None:
        descending = np.where(np.isnan(rank), np.inf, -rank)
        chosen = chosen[np.lexsort((descending[chosen], jet[chosen]))]
    elif (np.diff(jet[chosen]) < 0).any():
        chosen = chosen[np.argsort(jet[chosen], kind="stable")]
    jet = jet[chosen]
    # Place of an element within its jet: its position minus the position of the jet's first element.
    place = np.arange(len(jet)) - np.searchsorted(jet, jet)
    kept = place < places
    chosen, jet, place = chosen[kept], jet[kept], place[kept]
    out = np.full((len(columns), places, jets), np.nan, np.float32)
    for row, column in zip(out, columns, strict=True):
        row[place, jet] = column[chosen]
    return out
