"""The elements of jets, such as tracks, in the places of the feature table."""

import numpy as np


def first_elements(jet: np.ndarray, rank: np.ndarray, jets: int, places: int) -> np.ndarray:
    """Which elements are the first of every jet, by falling rank, int64 [N, T]; -1 where there are fewer.

    Parameters
    ----------
    jet : int64 [K]
        The jet of each element, negative for none.
    rank : float64 [K]
        Elements of equal rank stay in their order, those whose rank is NaN come last.
    jets, places : int
        N and T.

    Examples
    --------
    >>> first_elements(np.array([0, 0, 0, 2, -1]), np.array([1.0, 3.0, 2.0, 5.0, 9.0]), 3, 2).tolist()
    [[1, 2], [-1, -1], [3, -1]]
    """
    order = np.lexsort((-rank, jet))
    order = order[np.count_nonzero(jet < 0) :]
    of = jet[order]
    # Place of an element within its jet: its position minus that of the jet's first element.
    counts = np.bincount(of, minlength=jets)
    place = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = place < places
    found = np.full((jets, places), -1)
    found[of[kept], place[kept]] = order[kept]
    return found


def taken(values: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """Numbers [K, ...] of the elements [N, T], float32 [N, T, ...]; NaN for -1."""
    nothing = np.full((1, *values.shape[1:]), np.nan, np.float32)
    return np.concatenate([values.astype(np.float32, copy=False), nothing])[elements]
