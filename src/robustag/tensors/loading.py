"""Reading the tensor store into torch, one split at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robustag.checksums import checksum, unseal, verify
from robustag.draws import splitmix64
from robustag.errors import DamageError, InputError
from robustag.tensors.index import listed
from robustag.tensors.split import SPLITS, mixed
from robustag.tensors.store import opened_store, weight_column


@dataclass(frozen=True)
class JetTensors:
    """Jets ready for a network.

    Attributes
    ----------
    inputs : float32 [N, F]
        Scaled inputs, missing entries at their scaled missing value.
    missing : bool [N, F]
        Entries that do not exist, marked before scaling (so no rounding can hide one).
    label : int64 [N]
        0 = b, 1 = c, 2 = light; -1 for data, and for simulated jets of no class beside them.
    weight : float32 [N]
        Kinematic weight, which trainings and calibrations use beside that of the event.
    pt, eta : float32 [N]
        Jet kinematics before any perturbation (GeV, 1).
    event : int64 [N]
        Event key; jets of one event share it.
    event_weight : float32 [N]
        Weight of the event, which every number uses; one where jets count one each.
    """

    inputs: torch.Tensor
    missing: torch.Tensor
    label: torch.Tensor
    weight: torch.Tensor
    pt: torch.Tensor
    eta: torch.Tensor
    event: torch.Tensor
    event_weight: torch.Tensor

    def __len__(self) -> int:
        return len(self.label)

    @property
    def key(self) -> torch.Tensor:
        """What tells jets apart, int64 [N]."""
        return jet_key(self.event, self.eta)

    def to(self, device: str | torch.device) -> "JetTensors":
        """The same jets on another device."""
        return JetTensors(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    def select(self, rows: torch.Tensor | slice) -> "JetTensors":
        """The jets of a slice, boolean mask or index tensor."""
        return JetTensors(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def reweighted(self, factor: torch.Tensor) -> "JetTensors":
        """The same jets, each counted `factor` [N] times as much."""
        return replace(self, event_weight=self.event_weight * factor.to(self.event_weight))

    def sampled(self, number: int) -> "JetTensors":
        """So many of the jets, as `sample_jets` chooses them."""
        return self.select(sample_jets(self.event, number))


def jet_key(event: torch.Tensor, eta: torch.Tensor) -> torch.Tensor:
    """What tells jets apart, int64 [N]: their event and direction, which no variation touches."""
    direction = eta.float().view(torch.int32).long() & 0xFFFFFFFF
    return splitmix64(event) ^ direction


def same_jets(key: torch.Tensor, other: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of the jets that are in both of two samples, int64 [M] each, in the order of the first.

    Parameters
    ----------
    key, other : int64 [N], [K]
        What tells the jets of either apart (`jet_key`).
    """
    _, ours, theirs = np.intersect1d(key.numpy(), other.numpy(), return_indices=True)
    order = np.argsort(ours)
    return torch.from_numpy(ours[order]), torch.from_numpy(theirs[order])


def sample_jets(event: torch.Tensor, number: int) -> torch.Tensor:
    """Rows of `number` jets in ascending order, int64 [<= number], chosen by a hash of their events.

    A smaller sample is part of a larger one, and the choice depends on nothing but the events.

    Parameters
    ----------
    event : int64 [N]
        Event keys (`JetTensors.event`).
    number : int
        Jets wanted; all of them if there are fewer.
    """
    order = torch.from_numpy(mixed(event.cpu().numpy())).argsort(stable=True)
    return order[:number].sort().values


_COLUMNS = tuple(field.name for field in fields(JetTensors))


class JetShards:
    """The jets of one split in several files, in the order of the paths; on disk until they are read.

    A path may be an index (`tensors.index`), which stands for the files it lists.

    Files are memory-mapped while they are read and at no other time. The first time that a column of a file
    is read, its checksum is compared.

    Raises
    ------
    InputError
        If a file is damaged or no tensor store, or the split holds no jets.
    """

    def __init__(self, paths: Iterable[str | Path], split: str) -> None:
        position = SPLITS.index(split)
        self._split = split
        self._files: list[tuple[str | Path, slice]] = []
        # Checksums of what was not read yet.
        self._sums: dict[str | Path, dict[str, int]] = {}
        starts = [0]
        for path, expected in listed(paths):
            with opened_store(path, "pt") as store:
                card, self._sums[path] = unseal(store.metadata())
                if expected not in (None, checksum({"card": card, "sums": self._sums[path]})):
                    raise DamageError("it is not the file that its index lists")
                if not isinstance(card, dict) or "ends" not in card:
                    raise DamageError("it holds no jets")
                ends = [0, *card["ends"]]
            self._files.append((path, slice(ends[position], ends[position + 1])))
            starts.append(starts[-1] + ends[position + 1] - ends[position])
        self._starts = torch.tensor(starts)
        if len(self) == 0:
            raise InputError(
                f"no jets in the {split} split of {len(self._files)} tensor files: generate more events"
            )

    def __len__(self) -> int:
        return int(self._starts[-1])

    def arrays(self) -> Iterator[torch.Tensor]:
        """Every array of every file, memory-mapped, one after the other."""
        for path, rows in self._files:
            with opened_store(path, "pt") as store:
                for name in _COLUMNS:
                    yield self._part(store, path, rows, name)

    def read(self, rows: torch.Tensor, names: Sequence[str] = _COLUMNS) -> dict[str, torch.Tensor]:
        """Some columns of some jets, by name.

        Parameters
        ----------
        rows : Tensor int64 [N]
            In ascending order, so that each file is read once and forwards.
        names : sequence of str
            Attributes of `JetTensors`.
        """
        columns: dict[str, torch.Tensor] = {}
        ends = torch.searchsorted(rows, self._starts).tolist()
        files = zip(self._files, self._starts.tolist()[:-1], pairwise(ends), strict=True)
        for (path, span), start, (begin, end) in files:
            if begin == end:
                continue
            with opened_store(path, "pt") as store:
                for name in names:
                    part = self._part(store, path, span, name)
                    if name not in columns:
                        columns[name] = part.new_empty((len(rows), *part.shape[1:]))
                    torch.index_select(part, 0, rows[begin:end] - start, out=columns[name][begin:end])
        return columns

    def _part(self, store: Any, path: str | Path, rows: slice, name: str) -> torch.Tensor:
        """One column of this split in an open file."""
        part = store.get_slice(name)[rows]
        column, waiting = f"{self._split} {name}", self._sums[path]
        if column in waiting:
            verify([(column, part.numpy())], waiting)
            del waiting[column]
        return part


def load_tensors(paths: Iterable[str | Path], split: str) -> JetTensors:
    """Read one split of several chunks, in the order of the paths; as `JetShards`.

    Raises
    ------
    InputError
        If a file is damaged or no tensor store, or the split holds no jets.
    """
    shards = JetShards(paths, split)
    return JetTensors(**shards.read(torch.arange(len(shards))))


def load_variation(
    name: str, own: Iterable[str | Path] | None, nominal: JetTensors, paths: Iterable[str | Path], split: str
) -> JetTensors:
    """The jets of a variation: those of its own files, or the nominal ones with its weights if it has none.

    Parameters
    ----------
    name : str
    own : paths or None
        Files of the variation.
    nominal : JetTensors
        What `load_tensors` gives of `paths`.
    paths, split
        As of `load_tensors`, of the nominal sample.
    """
    if own is not None:
        return load_tensors(own, split)
    return nominal.reweighted(load_relative_weights(paths, split, name))


def load_relative_weights(paths: Iterable[str | Path], split: str, variation: str) -> torch.Tensor:
    """Weights of the jets that `load_tensors` gives in a variation, relative to their own, float32 [N].

    Raises
    ------
    InputError
        As `load_tensors`; or if a file has no such weights.
    """
    shards = JetShards(paths, split)
    column = weight_column(variation)
    return shards.read(torch.arange(len(shards)), [column])[column]
