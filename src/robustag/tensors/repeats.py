"""Jets that stand twice in the files of a study, found without all jets at hand.

Every chunk keeps the smallest hashes of its jets and of its events. Below the lowest of the chunks' highest
kept hashes nothing is left out: those are a random sample of all jets, in which all copies of a jet are if
one is (coordinated bottom-k sampling; Cohen, Kaplan, PVLDB 1, 213 (2008)).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from robustag.errors import InputError
from robustag.hashing import finalise, splitmix64
from robustag.readers import JetRecords
from robustag.stored import StoredArrays

KEPT = 4096
"""Hashes of a chunk that are kept; a chunk of fewer jets is kept whole."""
_LARGEST = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Sketch(StoredArrays):
    """The jets of a chunk in a few hashes.

    Attributes
    ----------
    jets, events : uint64 [KEPT or fewer]
        The smallest hashes of different jets, and of different events, ascending.
    number : int64 [3]
        Jets, different jets and different events.
    """

    called: ClassVar[str] = "sketch of jets"

    jets: np.ndarray
    events: np.ndarray
    number: np.ndarray

    @classmethod
    def of(cls, records: JetRecords) -> "Sketch":
        """Of all jets of a chunk."""
        jets, events = np.unique(_jet_hashes(records)), np.unique(splitmix64(records.event))
        number = np.array([len(records), len(jets), len(events)])
        return cls(jets=jets[:KEPT], events=events[:KEPT], number=number)


@dataclass(frozen=True)
class Repeats:
    """How much stands more than once among some chunks.

    Attributes
    ----------
    jets : float
        Copies of jets beside the first of each: counted where the chunks are kept whole, else estimated.
    error : float
        Of that number, one standard deviation; 0 where it was counted.
    pairs : mapping of (str, str) to float
        About how many jets two files share, or one file holds again, by the names of both.
    alike : mapping of (str, str) to float
        About how many events of two files have one key, though none of their jets are the same.
    """

    jets: float
    error: float
    pairs: dict[tuple[str, str], float]
    alike: dict[tuple[str, str], float]

    def check(self, accepted: bool) -> list[str]:
        """What a log should say of them.

        Parameters
        ----------
        accepted : bool
            Whether jets may stand twice.

        Raises
        ------
        InputError
            If they may not and do, with the files.
        """
        lines = []
        if self.jets:
            found = f"{self._about()} stand again, equal in every input, in {_worst(self.pairs)}"
            if not accepted:
                raise InputError(
                    f"{found}: they would count twice; take files away, or accept them (repeated_jets: true)"
                )
            lines.append(found)
        if self.alike:
            lines.append(
                f"different events have the same number in {_worst(self.alike)}: they come into one part "
                "of the split, and count as one in errors"
            )
        return lines

    def _about(self) -> str:
        return (
            f"about {self.jets:,.0f} (+- {self.error:,.0f}) jets" if self.error else f"{self.jets:,.0f} jets"
        )


def _worst(pairs: Mapping[tuple[str, str], float]) -> str:
    """The pair of files that shares most, and how many others share something."""
    (first, second), _ = max(pairs.items(), key=lambda item: item[1])
    others = f", and {len(pairs) - 1} more pairs of files" if len(pairs) > 1 else ""
    return (f"{first} itself" if first == second else f"{first} and {second}") + others


def find_repeats(sketches: Sequence[Sketch], files: Sequence[str]) -> Repeats:
    """What stands more than once in the files of a study.

    Parameters
    ----------
    sketches : sequence of Sketch
        Of all chunks.
    files : sequence of str
        The file of each chunk; several may be of one.
    """
    number = np.array([sketch.number for sketch in sketches]).reshape(-1, 3)
    # Within a chunk all jets were seen.
    inside: Counter[tuple[str, str]] = Counter()
    for file, (jets, different, _) in zip(files, number.tolist(), strict=True):
        inside[file, file] += jets - different
    share, between, copies = _shared([sketch.jets for sketch in sketches], number[:, 1], files)
    pairs = {pair: count for pair in [*inside, *between] if (count := inside[pair] + between[pair] / share)}
    events_share, events, _ = _shared([sketch.events for sketch in sketches], number[:, 2], files)
    alike = {
        pair: count / events_share
        for pair, count in events.items()
        if pair[0] != pair[1] and pair not in pairs
    }
    return Repeats(
        jets=sum(inside.values()) + copies / share,
        error=float(np.sqrt(copies * (1 - share))) / share,
        pairs=pairs,
        alike=alike,
    )


def _shared(
    kept: Sequence[np.ndarray], number: np.ndarray, files: Sequence[str]
) -> tuple[float, Counter[tuple[str, str]], int]:
    """The share of all hashes that is compared, how many of those two chunks share, and copies among them.

    Counted are pairs of files, from the first chunk that has a hash to each other one.
    """
    ends = [hashes[-1] for hashes, size in zip(kept, number, strict=True) if size > len(hashes)]
    highest = min(ends, default=_LARGEST)
    share = 1.0 if highest == _LARGEST else float(highest) / 2.0**64
    compared = [hashes[: np.searchsorted(hashes, highest, side="right")] for hashes in kept]
    hashes = np.concatenate([np.zeros(0, np.uint64), *compared])
    chunk = np.repeat(np.arange(len(compared)), [len(part) for part in compared])
    order = np.argsort(hashes, kind="stable")
    hashes, chunk = hashes[order], chunk[order]
    starts = np.flatnonzero(np.diff(hashes, prepend=_LARGEST) != 0)
    lengths = np.diff(starts, append=len(hashes))
    pairs: Counter[tuple[str, str]] = Counter()
    for start, length in zip(starts[lengths > 1].tolist(), lengths[lengths > 1].tolist(), strict=True):
        first, *others = (files[place] for place in chunk[start : start + length])
        pairs.update((first, other) for other in others)
    return share, pairs, sum(pairs.values())


def _jet_hashes(records: JetRecords) -> np.ndarray:
    """A hash of every jet's kinematics and inputs, uint64 [N], equal for jets that are equal to the last bit.

    What an event is called does not count: processes may be numbered alike, a file be copied to another name.
    """
    columns = [records.pt, records.eta, *records.values.T]
    odd = splitmix64(np.arange(len(columns))) | np.uint64(1)
    hashes = np.zeros(len(records), np.uint64)
    for column, factor in zip(columns, odd, strict=True):
        hashes += np.ascontiguousarray(column, np.float32).view(np.uint32) * factor
    return finalise(hashes)
