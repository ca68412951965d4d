"""From lists of elements, of each jet or of each event, to the first elements of every jet."""

import numpy as np

# Places that are sorted at a time, which bounds the memory.
_SORTED = 2_000_000


def put_leading(jet: np.ndarray, columns: list[np.ndarray], rank: np.ndarray | None, out: np.ndarray) -> None:
    """Put variables of the first elements of every jet where they belong, and NaN where there are fewer.

    Parameters
    ----------
    jet : int64 [M]
        Row of the jet that each element belongs to; negative for none.
    columns : list of arrays [M]
        A variable of every element, V of them.
    rank : float [M] or None
        Elements come in descending order of it, equal ones as in the file; NaN comes last. None for the order
        of the file.
    out : float32 [N, V, T]
        Of N jets with T places each.
    """
    jets, _, places = out.shape
    chosen = None
    if (jet < 0).any() or (np.diff(jet) < 0).any():
        chosen = np.argsort(jet, kind="stable")[np.count_nonzero(jet < 0) :]
        jet = jet[chosen]
    counts = np.bincount(jet, minlength=jets)
    if rank is not None:
        order = _descending(rank if chosen is None else rank[chosen], counts)
        chosen = order if chosen is None else chosen[order]
    # The elements of a jet stand one after another, as do the places that they fill.
    place = np.arange(len(jet)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept, filled = place < places, np.arange(places) < counts[:, None]
    picked = kept if chosen is None else chosen[kept]
    out[:] = np.nan
    for index, column in enumerate(columns):
        out[:, index][filled] = column[picked]


def _descending(rank: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Order of elements within their jets by falling rank, int64 [M].

    Parameters
    ----------
    rank : float [M]
        Of the elements of one jet after another.
    counts : int64 [N]
        How many each jet has.
    """
    order = np.empty(len(rank), np.int64)
    ends = np.cumsum(counts)
    width = counts.max(initial=1)
    for first in range(0, len(counts), step := max(1, _SORTED // width)):
        rows = counts[first : first + step]
        start, stop = ends[first] - rows[0], ends[first + len(rows) - 1]
        # Behind the elements of a jet stand places without one, which come last as NaN does.
        there = np.arange(width) < rows[:, None]
        table = np.full(there.shape, np.nan)
        table[there] = -rank[start:stop]
        places = np.argsort(table, axis=1, kind="stable")
        order[start:stop] = (places + (ends[first : first + step] - rows)[:, None])[there]
    return order
