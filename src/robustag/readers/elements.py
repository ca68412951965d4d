"""From lists of elements, of each jet or of each event, to the first elements of every jet."""

import math
from collections.abc import Sequence

import numpy as np

from robustag.compiling import compiled


def leading(
    jet: np.ndarray, columns: Sequence[np.ndarray], rank: np.ndarray | None, places: int, jets: int
) -> np.ndarray:
    """Variables of the first elements of every jet, float32 [V, T, N], NaN where there are fewer.

    Parameters
    ----------
    jet : int64 [M]
        Row of the jet that each element belongs to; negative for none.
    columns : sequence of arrays [M]
        A variable of every element, V of them.
    rank : float64 [M] or None
        Elements come in descending order of it, equal ones as in the file; NaN comes last. None for the order
        of the file.
    places, jets : int
        T and N.
    """
    out = np.empty((jets, len(columns) * places), np.float32)
    fill(out, columns, jet, rank)
    return out.reshape(jets, len(columns), places).transpose(1, 2, 0)


def fill(
    out: np.ndarray, columns: Sequence[np.ndarray], jet: np.ndarray, rank: np.ndarray | None = None
) -> None:
    """Put the same into columns of inputs, float32 [N, V T], variable-major; see `leading`."""
    places = out.shape[1] // len(columns)
    elements = first_elements(jet, np.zeros(len(jet)) if rank is None else rank, len(out), places)
    for number, column in enumerate(columns):
        place(column, elements, out[:, number * places : (number + 1) * places])


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
    found = np.full((jets, places), -1)
    _insert(jet, rank, found, np.zeros(jets, np.int64))
    return found


def place(values: np.ndarray, elements: np.ndarray, out: np.ndarray) -> None:
    """Put the numbers [K] of the elements [N, T] into `out`, float32 [N, T]; NaN for -1."""
    _place(values.astype(np.float32, copy=False), elements, out)


@compiled
def _place(values: np.ndarray, elements: np.ndarray, out: np.ndarray) -> None:
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            element = elements[row, column]
            out[row, column] = values[element] if element >= 0 else np.float32(np.nan)


@compiled
def _insert(jet: np.ndarray, rank: np.ndarray, found: np.ndarray, filled: np.ndarray) -> None:
    """Put every element in its place among those of its jet so far; `filled` counts them, int64 [N]."""
    places = found.shape[1]
    for element in range(len(jet)):
        row, own = jet[element], rank[element]
        if row < 0:
            continue
        place = filled[row]
        while place > 0:
            other = rank[found[row, place - 1]]
            if not (other < own or (math.isnan(other) and not math.isnan(own))):
                break
            place -= 1
        if place < places:
            filled[row] = min(filled[row] + 1, places)
            for later in range(filled[row] - 1, place, -1):
                found[row, later] = found[row, later - 1]
            found[row, place] = element
