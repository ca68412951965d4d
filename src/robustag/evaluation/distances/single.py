"""Every distance of a single input, between clean jets and one perturbation of them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from robustag.binomial import effective_number
from robustag.classes import CLASSES
from robustag.evaluation.bootstrap import chosen, unless_one
from robustag.evaluation.distances.cuts import Cuts
from robustag.evaluation.distances.sides import GROUPS, side_cells
from robustag.evaluation.distances.univariate import kullback_leibler, wasserstein
from robustag.visibility import jensen_shannon, jets_to_see, true_distance

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

_SWAPS = GROUPS.bit_length() - 1
"""Times that half of the events change sides for the floor."""
_CHANGES = ((np.arange(GROUPS) >> np.arange(_SWAPS)[:, None]) & 1).astype(np.int64)
"""Whether a group of events changes sides, [swap, group]."""


class _Jets:
    """A sample: values float32 [F, N], exists bool [F, N], event int64 [N], cell int64 [N] and weight [N].

    A cell has the jets of one flavour whose events change sides together. The weight is None where jets count
    one each.
    """

    def __init__(self, jets: "JetTensors") -> None:
        self.values = np.ascontiguousarray(jets.inputs.cpu().numpy().T)
        self.exists = np.ascontiguousarray(~jets.missing.cpu().numpy().T)
        self.event = jets.event.cpu().numpy()
        self.weight = unless_one(jets.event_weight.cpu().numpy())
        self.cell = side_cells(self.event, jets.label.cpu().numpy())

    def input(self, column: int, cuts: Cuts | None = None) -> "Column":
        """One input, counted between its cuts: its own if they are not given."""
        exists = self.exists[column]
        share = float(np.average(exists, weights=self.weight))
        weight = chosen(self.weight, exists)
        return Column.of(self.values[column, exists], self.cell[exists], cuts, share, weight)


@dataclass(frozen=True)
class Column:
    """One input of a sample.

    Attributes
    ----------
    values, ordered : float32 [n]
        Existing entries as the jets stand, and ascending.
    label : int64 [n]
        Flavours.
    weight, ordered_weight : float64 [n] or None
        Of the entries as the jets stand, and in ascending order of values; None: one each.
    cuts : Cuts
    flavours : [3, L + 1]
        Entries below each cut, and in all; their weights, if they have some.
    moving : [4, L + 1]
        The same of those that change sides, each time.
    share : float
        Share of the jets that have the input.
    """

    values: np.ndarray
    ordered: np.ndarray
    label: np.ndarray
    weight: np.ndarray | None
    ordered_weight: np.ndarray | None
    cuts: Cuts
    flavours: np.ndarray
    moving: np.ndarray
    share: float

    @classmethod
    def of(
        cls,
        values: np.ndarray,
        cell: np.ndarray,
        cuts: Cuts | None,
        share: float,
        weight: np.ndarray | None = None,
    ) -> "Column":
        """From existing entries [n], their cells [n] and weights [n]."""
        if weight is None:
            (ordered, cells), weights = _sorted(values, cell), None
        else:
            order = np.argsort(values, kind="stable")
            ordered, cells, weights = values[order], cell[order], weight[order]
        cuts = cuts or Cuts.of(ordered)
        below = np.searchsorted(ordered, cuts.points)
        shape = (GROUPS, len(CLASSES), len(below) + 1)
        level = np.repeat(np.arange(shape[-1]), np.diff(below, prepend=0, append=len(ordered)))
        counts = np.bincount(cells * shape[-1] + level, weights, np.prod(shape)).reshape(shape)
        flavours, moving = counts.sum(axis=0), _CHANGES @ counts.sum(axis=1)
        sums = flavours.cumsum(axis=-1), moving.cumsum(axis=-1)
        return cls(values, ordered, cell % len(CLASSES), weight, weights, cuts, *sums, share)

    @property
    def all(self) -> np.ndarray:
        """Entries of all flavours below each cut, and in all, [L + 1]."""
        return self.flavours.sum(axis=0)

    @property
    def number(self) -> float:
        """Entries of weight one that have the same errors."""
        return effective_number(self.weight, len(self.values))

    @property
    def entry(self) -> float:
        """Weight of one of these."""
        return float(self.all[-1] / self.number) if self.number else 1.0


class Reference:
    """Clean jets, prepared for comparison with any number of perturbations of them.

    Parameters
    ----------
    clean : JetTensors
        Scaled units.
    """

    def __init__(self, clean: "JetTensors") -> None:
        self._jets = _Jets(clean)
        self._columns = [self._jets.input(column) for column in range(len(self._jets.values))]

    def compare(self, changed: "JetTensors") -> Iterator[dict]:
        """Rows of the distances table, with the number of the input as ``input``.

        The floor of a distance is its mean over four times that half of the events have changed sides. Clean
        and changed are then the same but for chance, while copies of a jet are as far apart as they were. It
        asks for samples of about the same number of jets.
        """
        jets, clean = _Jets(changed), self._jets
        loses = not np.array_equal(jets.exists, clean.exists)
        # The same jets with other weights are no copies: all that differs is how much each counts.
        copies = not loses and np.array_equal(jets.event, clean.event) and _alike(jets.weight, clean.weight)
        for number, before in enumerate(self._columns):
            unmoved = copies and np.array_equal(jets.values[number], clean.values[number])
            after = before if unmoved else jets.input(number, before.cuts)
            for row in (
                *_divergences(before, after),
                _row("wasserstein", _wasserstein(before, after)),
                *_shifts(before, after, copies),
                *_visible(before, after, copies),
            ):
                yield {"input": number, **row}
            if loses:
                yield {"input": number, **_row("missing", before.share - after.share)}


def _alike(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)


def kolmogorov(clean: np.ndarray, changed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest distance of cumulative distributions [...], and the cut at which it is; NaN without entries.

    Exact for up to 1,000 clean entries; with more, a thousandth may be missed between two cuts.

    Parameters
    ----------
    clean, changed : [..., L + 1]
        Entries, or their weights, below each cut, and in all.
    """
    with np.errstate(invalid="ignore"):
        apart = np.abs(clean / clean[..., -1:] - changed / changed[..., -1:])
    return apart.max(axis=-1), apart.argmax(axis=-1)


def _sorted(values: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values float32 [n] in ascending order, and their cells: a sort of integers is the fastest way."""
    bits = values.view(np.int32)
    # In the order of the floats; twice is once.
    bits = bits ^ (bits >> 31 & 0x7FFFFFFF)
    key = bits.astype(np.int64) << 8 | cell
    key.sort()
    bits = (key >> 8).astype(np.int32)
    return (bits ^ (bits >> 31 & 0x7FFFFFFF)).view(np.float32), key & 0xFF


def _row(
    distance: str,
    value: float,
    low: float = np.nan,
    high: float = np.nan,
    *,
    floor: float = np.nan,
    flavour: str = "all",
) -> dict:
    named = {"flavour": flavour, "distance": distance, "value": float(value)}
    return {**named, "low": float(low), "high": float(high), "floor": float(floor)}


def _swapped(before: Column, after: Column) -> tuple[np.ndarray, np.ndarray]:
    """Clean and changed entries below each cut, [4, L + 1], once half of the events have changed sides."""
    moved = after.moving - before.moving
    return before.all + moved, after.all - moved


def _wasserstein(before: Column, after: Column) -> float:
    return wasserstein(before.ordered, after.ordered, before.ordered_weight, after.ordered_weight)


def _divergences(before: Column, after: Column) -> Iterator[dict]:
    cuts = before.cuts
    pair = cuts.binned(before.all), cuts.binned(after.all)
    chance = [cuts.binned(below) for below in _swapped(before, after)]
    leibler = partial(kullback_leibler, entry=before.entry)
    for name, divergence in (("kl", leibler), ("js", jensen_shannon)):
        yield _row(name, float(divergence(*pair)), floor=float(divergence(*chance).mean()))
    by_flavour = leibler(cuts.binned(before.flavours), cuts.binned(after.flavours))
    for flavour, value in zip(CLASSES, by_flavour, strict=True):
        yield _row("kl", value, flavour=flavour)


def _shifts(before: Column, after: Column, copies: bool) -> Iterator[dict]:
    """Shift of the mean with its standard error, which is that of the differences if jets are copies."""
    a, b = before.values.astype(np.float64), after.values.astype(np.float64)
    samples = [(b - a, after)] if copies else [(b, after), (-a, before)]
    shift, variance = np.zeros(len(CLASSES) + 1), np.zeros(len(CLASSES) + 1)
    for values, sample in samples:
        weight = np.ones(len(values)) if sample.weight is None else sample.weight
        powers = weight, weight * values, weight * (values * values), weight * weight
        moments = [np.bincount(sample.label, power, len(CLASSES)) for power in powers]
        number, first, second, squares = (np.append(moment, moment.sum()) for moment in moments)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean, effective = first / number, number * number / squares
            variance += np.maximum(second / number - mean * mean, 0.0) / (effective - 1)
        shift += mean
    error = np.sqrt(variance)
    for flavour, value, spread in zip((*CLASSES, "all"), shift, error, strict=True):
        yield _row("shift", value, value - spread, value + spread, flavour=flavour)


def _visible(before: Column, after: Column, copies: bool) -> Iterator[dict]:
    """The Kolmogorov distance with its standard error at the cut where it is, and what follows from it."""
    largest, where = kolmogorov(before.all, after.all)
    floor = float(kolmogorov(*_swapped(before, after))[0].mean())
    error = math.sqrt(max(_variance(before, after, int(where), copies), 0.0)) if before.share else math.nan
    distance = float(largest)
    low, high = distance - error, distance + error
    needed, at_least, at_most = (
        float(jets_to_see(true_distance(max(d, 0.0), floor), before.share)) for d in (distance, high, low)
    )
    suffix = "_repeated" if before.cuts.repeated else ""
    yield _row(f"ks{suffix}", distance, low, high, floor=floor)
    yield _row(f"jets_to_see{suffix}", needed, at_least, at_most)


def _variance(before: Column, after: Column, cut: int, copies: bool) -> float:
    """Of the difference of two cumulative distributions at one cut; of the jets that cross it if copies."""
    if copies:
        if cut == len(before.cuts.points):
            return 0.0
        point = before.cuts.points[cut]
        crossed = (before.values < point) != (after.values < point)
        signed = (before.all[cut] - after.all[cut]) / before.all[-1]
        return (np.average(crossed, weights=before.weight) - signed**2) / before.number
    shares = [(sample.all[cut] / sample.all[-1], sample.number) for sample in (before, after)]
    return sum(share * (1.0 - share) / number for share, number in shares)
