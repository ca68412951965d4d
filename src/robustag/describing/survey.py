"""Every column of a file of jets in numbers: shape, range, and values that may mean that there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import awkward as ak
import numpy as np

from robustag.features.missing import WILD
from robustag.readers.containers import Container

#: Entries of a file that are looked at.
ENTRIES = 20_000
#: What programs write where there is no number.
SENTINELS = (-1000.0, -999.0, -99.0, -10.0, -2.0, -1.0, 0.0)

_AT_ONCE = 50
_VALUES = 500_000
# Shares of the numbers from which a value is worth a word, and from which it may mean that there is none.
_WORTH, _OFTEN = 0.02, 0.005


@dataclass(frozen=True)
class Column:
    """What was seen of one column.

    Attributes
    ----------
    name, kind : str
        Its name, and the type of its numbers, such as float32; "other" for what is none.
    depth : int
        1 for a number per entry, 2 for a list, 3 for lists of lists.
    counts : int64 array
        How many numbers the innermost lists hold; empty at depth 1.
    values : float64 array
        Some of its numbers that are finite and not wild.
    absent, wild : float
        Shares of numbers that are not finite, and of those beyond 1e12.
    """

    name: str
    kind: str
    depth: int
    counts: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)
    absent: float = 0.0
    wild: float = 0.0

    @classmethod
    def joined(cls, columns: Sequence[Self]) -> Self:
        """Several columns of one kind as one, of the name of the first."""
        return replace(
            columns[0],
            values=np.concatenate([column.values for column in columns]),
            absent=float(np.mean([column.absent for column in columns])),
            wild=float(np.mean([column.wild for column in columns])),
        )

    @property
    def is_integer(self) -> bool:
        """Whether it is stored as whole numbers, or truths."""
        return not self.kind.startswith(("float", "other"))

    def quantiles(self, *shares: float) -> list[float]:
        """Quantiles of its numbers without sentinels; NaN if there are none."""
        values = self.values[~np.isin(self.values, self.sentinels)]
        return (
            [float(each) for each in np.quantile(values, shares)] if len(values) else [np.nan] * len(shares)
        )

    @property
    def common(self) -> dict[float, float]:
        """Those of `SENTINELS` that it often holds, with their shares."""
        if not len(self.values):
            return {}
        shares = {value: float((self.values == value).mean()) for value in SENTINELS}
        return {value: share for value, share in shares.items() if share >= (_WORTH if value else 0.2)}

    @property
    def sentinels(self) -> list[float]:
        """Values that seem to mean that there is no number: -99 and less, others if alone below zero.

        Zero is never one by itself: a look at the program that wrote the file must tell.
        """
        found: list[float] = []
        rest = self.values
        for value in SENTINELS[:-1]:
            others, lowest = rest[rest != value], rest.min(initial=np.inf) == value
            share = 1 - len(others) / max(1, len(rest))
            if value <= -99:
                taken = share >= _OFTEN or (lowest and share > 0)
            else:  # beside other numbers below zero it is one as they are
                taken = lowest and share >= _OFTEN and others.min(initial=0.0) >= 0
            if taken:
                found.append(value)
                rest = others
        return found


def survey(container: Container, path: str | Path) -> dict[str, Column]:
    """Every column of the first entries of a file.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    stop = min(container.entries, ENTRIES)
    names = list(container.names)
    found = {}
    for first in range(0, len(names), _AT_ONCE):
        for name, array in container.read(names[first : first + _AT_ONCE], 0, stop).items():
            found[name] = _seen(name, array)
    return {name: found[name] for name in names}


def _seen(name: str, array: ak.Array) -> Column:
    layout: Any = ak.to_packed(array).layout
    depth, counts = 1, np.zeros(0, np.int64)
    while layout.is_list and layout.parameter("__array__") not in ("string", "bytestring"):
        layout = layout.to_ListOffsetArray64(True)
        counts = np.diff(np.asarray(layout.offsets))
        depth, layout = depth + 1, layout.content
    if layout.is_option:
        layout = ak.fill_none(ak.Array(layout), np.nan).layout
    if not (layout.is_numpy and layout.purelist_depth == 1 and layout.dtype.kind in "biuf"):
        return Column(name, "other", depth, counts, np.zeros(0))
    numbers = np.asarray(layout.data)
    # Evenly taken, for files are often sorted.
    values = numbers[:: 1 + len(numbers) // _VALUES].astype(np.float64)
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        wild = finite & (np.abs(values) > WILD) & (numbers.dtype.kind == "f")
    total = max(1, len(values))
    return Column(
        name,
        numbers.dtype.name,
        depth,
        counts,
        values[finite & ~wild],
        float((~finite).sum() / total),
        float(wild.sum() / total),
    )
