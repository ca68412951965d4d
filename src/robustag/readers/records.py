"""Flat jet records: what every reader returns, whatever the file looked like."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.hashing import splitmix64
from robustag.stored import StoredArrays

_log = logging.getLogger(__name__)


class Count(NamedTuple):
    """How much is in a file: entries, such as events, and jets in them."""

    entries: int
    jets: int


@dataclass(frozen=True)
class JetRecords(StoredArrays):
    """Jets of a file, or of a part of it.

    Attributes
    ----------
    values : float32 [N, F]
        Inputs in physical units, in the order of the feature table; NaN where an entry does not exist, and
        nowhere infinite (see `cleaned`).
    label : int64 [N]
        Class: 0 = b, 1 = c, 2 = light; -1 for none of them, or where the file does not say.
    weight : float32 [N]
        Weight of the jet's event; 1 where the file has none.
    pt, eta : float32 [N]
        Jet kinematics (GeV, 1).
    event : uint64 [N]
        Key of the jet's event (see `event_key`); jets of one event share it.
    index : int64 [N]
        Place of the jet in its event, which with the key tells it from all others.
    relative_weights : mapping of str to float32 [N]
        Weight of the jet's event with other settings of its generator over `weight`, by the variation that
        these settings are; none where the file has none.
    described : mapping of str to array [N]
        What else the file says of each jet, for whoever looks for it there; not stored.
    """

    called: ClassVar[str] = "file of jet records"

    values: np.ndarray
    label: np.ndarray
    weight: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    event: np.ndarray
    index: np.ndarray
    relative_weights: Mapping[str, np.ndarray] = field(default_factory=dict, metadata={"named": True})
    described: Mapping[str, np.ndarray] = field(default_factory=dict, metadata={"stored": False})

    def __len__(self) -> int:
        return len(self.label)

    def cleaned(self, path: str | Path, table: FeatureTable) -> Self:
        """The same jets as they are stored, with NaN for every entry that is missing by the table's rules.

        Raises
        ------
        InputError
            Naming file and number, for columns that do not fit together, for jets without kinematics or
            event weight, and for numbers that no detector gives, such as 1e31, unless the table says that
            they are missing entries.
        """
        for name in self.columns():
            shape = (len(self), table.size) if name == "values" else (len(self),)
            if (given := np.shape(getattr(self, name))) != shape:
                raise InputError(f"{path}: its reader gives {name} of shape {given} instead of {shape}")
        for name, given in self.relative_weights.items():
            if np.shape(given) != (len(self),) or not np.isfinite(given).all():
                raise InputError(
                    f"{path}: the weights of {name} are not one number a jet: generate the ntuple again"
                )
        if len(strange := np.setdiff1d(self.label, [-1, *range(len(CLASSES))])):
            raise InputError(f"{path}: its reader gives the label {strange[0]}: expected -1, 0, 1 or 2")
        lost = ~np.isfinite(np.asarray([self.pt, self.eta, self.weight], np.float64)).all(axis=0)
        if lost.any():
            jet = int(np.argmax(lost))
            raise InputError(
                f"{path}: {int(lost.sum())} jets have no kinematics, one pt = {self.pt[jet]:g}, eta = "
                f"{self.eta[jet]:g} and weight = {self.weight[jet]:g}: leave these jets out of the ntuple"
            )
        values = table.missing_rules.read(np.asarray(self.values), table.names, path)
        return replace(
            self,
            values=np.clip(values, *table.clip, out=values).astype(np.float32),
            label=np.asarray(self.label, np.int64),
            weight=np.asarray(self.weight, np.float32),
            pt=np.asarray(self.pt, np.float32),
            eta=np.asarray(self.eta, np.float32),
            event=np.asarray(self.event).astype(np.uint64),
            index=np.asarray(self.index, np.int64),
            relative_weights={
                name: np.asarray(given, np.float32) for name, given in self.relative_weights.items()
            },
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The jets of some parts, at least one, one after another."""
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.columns()}
        return cls(
            **columns,
            relative_weights=_joined([part.relative_weights for part in parts]),
            described=_joined([part.described for part in parts]),
        )

    def select(self, rows: np.ndarray) -> Self:
        """The jets of a boolean mask or an index array."""
        chosen = {name: getattr(self, name)[rows] for name in self.columns()}
        return replace(
            self,
            **chosen,
            relative_weights={name: part[rows] for name, part in self.relative_weights.items()},
            described={name: part[rows] for name, part in self.described.items()},
        )

    def weighted(self, on: bool) -> Self:
        """The jets with the weights of their events, or with a weight of one each."""
        return self if on else replace(self, weight=np.ones_like(self.weight))

    def within(self, ranges: Mapping[str, Sequence[float]]) -> Self:
        """The jets whose pt and eta are in these ranges, the lower end included."""
        kept = np.ones(len(self), dtype=bool)
        for name, (low, high) in ranges.items():
            kept &= (getattr(self, name) >= low) & (getattr(self, name) < high)
        return self.select(kept)

    def chosen(self, flavours: str, path: str | Path) -> Self:
        """Jets by what is known of their flavour.

        Parameters
        ----------
        flavours : str
            ``known``: jets of the three classes, as `labelled`; ``other``: those of none; ``ignored``: all
            jets, without their labels.
        path : path
            Of their file.

        Raises
        ------
        InputError
            As `labelled`.
        """
        if flavours == "known":
            return self.labelled(path)
        if flavours == "other":
            return self.select(self.label < 0)
        return replace(self, label=np.full_like(self.label, -1))

    def labelled(self, path: str | Path) -> Self:
        """The jets of the three classes.

        Raises
        ------
        InputError
            If there are jets, and none of them.
        """
        known = self.label >= 0
        if len(self) and not known.any():
            raise InputError(
                f"{path} says the flavour of no b, c or light jet, and only simulated jets train and test "
                "taggers: give labels in the sample if the file has flavours; the place of data is run.data"
            )
        return self.select(known)


def _joined(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Named columns of some parts, one after another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def event_key(*identifiers: np.ndarray) -> np.ndarray:
    """64-bit key of events, uint64 [N], from the integers [N] that identify them together.

    NanoAOD has three, run, luminosity block and event, in this order.
    """
    first, *others = identifiers
    key = splitmix64(first)
    for identifier in others:
        key = splitmix64(key ^ identifier.astype(np.uint64))
    return key


def entry_key(path: str | Path, entries: np.ndarray) -> np.ndarray:
    """64-bit key of events, uint64 [N], of a file without their numbers: from its name and entries in it [N].

    The folder does not count: jets stay in their part of the split where a file is moved, and those of a
    varied file meet those of the nominal file of that name. The log says so; where the chunks of a study are
    merged it names two nominal files of one name, whose events share keys.

    Examples
    --------
    >>> entry_key("/data/a.h5", np.arange(2)) == entry_key("/elsewhere/a.h5", np.arange(2))
    array([ True,  True])
    """
    name = Path(path).name
    _log.warning("%s has no event numbers: an event is known by the file's name and its entry there", path)
    word = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    return event_key(np.full(np.shape(entries), word, np.uint64), np.asarray(entries))
