"""Every distance of a single input, between clean jets and one perturbation of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robustag.classes import CLASSES
from robustag.evaluation.distances.cuts import Cuts
from robustag.evaluation.distances.univariate import jensen_shannon, kullback_leibler, wasserstein
from robustag.evaluation.visibility import jets_to_see, true_distance
from robustag.hashing import splitmix64

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

_SWAPS = 4
"""Times that half of the events change sides for the floor."""
_CHANGES = ((np.arange(2**_SWAPS) >> np.arange(_SWAPS)[:, None]) & 1).astype(np.int64)
"""Whether a group of events changes sides, [swap, group]."""


class Jets:
    """A sample, one input after the other in memory.

    Attributes
    ----------
    values : float32 [F, N]
    exists : bool [F, N]
    label, event : int64 [N]
    group : int64 [N]
        Events of one group change sides together.
    """

    def __init__(self, jets: "JetTensors") -> None:
        self.values = np.ascontiguousarray(jets.inputs.cpu().numpy().T)
        self.exists = np.ascontiguousarray(~jets.missing.cpu().numpy().T)
        self.label, self.event = jets.label.cpu().numpy(), jets.event.cpu().numpy()
        word = splitmix64(splitmix64(self.event.view(np.uint64)))
        self.group = (word >> np.uint64(64 - _SWAPS)).astype(np.int64)

    def are_copies_of(self, other: "Jets") -> bool:
        """Whether these are the other jets with other values."""
        return np.array_equal(self.event, other.event) and np.array_equal(self.exists, other.exists)


@dataclass(frozen=True)
class Counts:
    """One input of a sample, counted between its cuts.

    Attributes
    ----------
    level : int16 [n]
        How many cuts each existing entry lies beyond.
    flavours : int64 [3, L + 1]
        Entries below each cut, and in all.
    moving : int64 [4, L + 1]
        The same of those that change sides, each time.
    """

    level: np.ndarray
    flavours: np.ndarray
    moving: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, label: np.ndarray, group: np.ndarray, cuts: Cuts) -> "Counts":
        """From existing entries [n]."""
        level, shape = cuts.levels(values), (2**_SWAPS, len(CLASSES), len(cuts.points) + 1)
        cell = (group * len(CLASSES) + label) * shape[-1] + level
        counts = np.bincount(cell, minlength=np.prod(shape)).reshape(shape)
        flavours, moving = counts.sum(axis=0), _CHANGES @ counts.sum(axis=1)
        return cls(level, flavours.cumsum(axis=-1), moving.cumsum(axis=-1))

    @property
    def all(self) -> np.ndarray:
        """Entries of all flavours below each cut, and in all, [L + 1]."""
        return self.flavours.sum(axis=0)


class Reference:
    """Clean jets, prepared for comparison with any number of perturbations of them.

    Parameters
    ----------
    clean : JetTensors
        Scaled units.
    """

    def __init__(self, clean: "JetTensors") -> None:
        self._jets = jets = Jets(clean)
        self._cuts = [Cuts.of(values[exists]) for values, exists in zip(jets.values, jets.exists, strict=True)]
        self._counts = [_count(jets, column, cuts) for column, cuts in enumerate(self._cuts)]

    def compare(self, changed: "JetTensors") -> Iterator[dict]:
        """Rows of the distances table, with the number of the input as ``input``.

        The floor of a distance is its mean over four times that half of the events have changed sides. Clean
        and changed are then the same but for chance, while copies of a jet are as far apart as they were. It
        asks for samples of about the same number of jets.
        """
        jets, clean = Jets(changed), self._jets
        copies = jets.are_copies_of(clean)
        for column, (cuts, before) in enumerate(zip(self._cuts, self._counts, strict=True)):
            ours, theirs = clean.exists[column], jets.exists[column]
            a, b = clean.values[column, ours], jets.values[column, theirs]
            after = before if copies and np.array_equal(a, b) else _count(jets, column, cuts)
            for row in (
                *_divergences(before, after, cuts),
                _row("wasserstein", wasserstein(a, b)),
                *_shifts(a, b, clean.label[ours], jets.label[theirs], copies),
                *_visible(before, after, cuts, copies, float(ours.mean())),
            ):
                yield {"input": column, **row}
            if not np.array_equal(ours, theirs):
                yield {"input": column, **_row("missing", float(ours.mean() - theirs.mean()))}


def kolmogorov(clean: np.ndarray, changed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest distance of cumulative distributions [...], and the cut at which it is; NaN without entries.

    Exact for up to 1,000 clean entries; with more, a thousandth may be missed between two cuts.

    Parameters
    ----------
    clean, changed : int64 [..., L + 1]
        Entries below each cut, and in all.
    """
    with np.errstate(invalid="ignore"):
        apart = np.abs(clean / clean[..., -1:] - changed / changed[..., -1:])
    return apart.max(axis=-1), apart.argmax(axis=-1)


def _count(jets: Jets, column: int, cuts: Cuts) -> Counts:
    exists = jets.exists[column]
    return Counts.of(jets.values[column, exists], jets.label[exists], jets.group[exists], cuts)


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


def _swapped(before: Counts, after: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Clean and changed entries below each cut, [4, L + 1], once half of the events have changed sides."""
    moved = after.moving - before.moving
    return before.all + moved, after.all - moved


def _divergences(before: Counts, after: Counts, cuts: Cuts) -> Iterator[dict]:
    pair = cuts.binned(before.all), cuts.binned(after.all)
    chance = [cuts.binned(below) for below in _swapped(before, after)]
    for name, divergence in (("kl", kullback_leibler), ("js", jensen_shannon)):
        yield _row(name, divergence(*pair), floor=divergence(*chance).mean())
    by_flavour = kullback_leibler(cuts.binned(before.flavours), cuts.binned(after.flavours))
    for flavour, value in zip(CLASSES, by_flavour, strict=True):
        yield _row("kl", value, flavour=flavour)


def _shifts(
    a: np.ndarray, b: np.ndarray, a_label: np.ndarray, b_label: np.ndarray, copies: bool
) -> Iterator[dict]:
    """Shift of the mean with its standard error, which is that of the differences if jets are copies."""
    samples = [(b.astype(np.float64) - a, b_label)] if copies else [(b, b_label), (a, a_label)]
    sums = []
    for values, label in samples:
        moments = [np.bincount(label, values.astype(np.float64) ** power, len(CLASSES)) for power in range(3)]
        sums.append(np.stack([np.append(moment, moment.sum()) for moment in moments]))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [first / number for number, first, _ in sums]
        squares = [second / number - (first / number) ** 2 for number, first, second in sums]
        error = np.sqrt(sum(np.maximum(s, 0.0) / (m[0] - 1) for s, m in zip(squares, sums, strict=True)))
    shift = means[0] if copies else means[0] - means[1]
    for flavour, value, spread in zip((*CLASSES, "all"), shift, error, strict=True):
        yield _row("shift", value, value - spread, value + spread, flavour=flavour)


def _visible(before: Counts, after: Counts, cuts: Cuts, copies: bool, share: float) -> Iterator[dict]:
    """The Kolmogorov distance with its standard error at the cut where it is, and what follows from it."""
    distance, cut = kolmogorov(before.all, after.all)
    floor = kolmogorov(*_swapped(before, after))[0].mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        if copies:
            crossed = np.mean((before.level <= cut) != (after.level <= cut)) if len(after.level) else np.nan
            variance = (crossed - distance**2) / len(after.level)
        else:
            parts = [(counts.all[cut], counts.all[-1]) for counts in (before, after)]
            variance = sum(k / n * (1 - k / n) / n for k, n in parts)
    error = np.sqrt(max(variance, 0.0))
    low, high = distance - error, distance + error
    jets = [jets_to_see(true_distance(max(d, 0.0), floor), share) for d in (distance, high, low)]
    suffix = "_repeated" if cuts.repeated else ""
    yield _row(f"ks{suffix}", distance, low, high, floor=floor)
    yield _row(f"jets_to_see{suffix}", *jets)
