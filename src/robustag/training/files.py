"""Training jets in their files, and the same jets as other detectors measure them."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from robustag.errors import InputError
from robustag.tensors.loading import JetShards, jet_key, same_jets
from robustag.training.step import Batch

_log = logging.getLogger(__name__)
#: What of a jet a training reads, beside the weight of its event.
COLUMNS = ("inputs", "missing", "label", "weight")


@dataclass(frozen=True)
class Variation:
    """A varied sample of the training jets, jet by jet.

    Attributes
    ----------
    shards : JetShards
        Its files.
    row : Tensor int64 [N]
        Where each training jet is in it; -1 where it is not found again, as beyond a threshold.
    """

    shards: JetShards
    row: Tensor

    @classmethod
    def of(cls, name: str, shards: JetShards, key: Tensor) -> Self:
        """Find the training jets again by their `key` int64 [N].

        Raises
        ------
        InputError
            If there is none of them.
        """
        ours, theirs = same_jets(key, _keys(shards))
        if not len(ours):
            raise InputError(
                f"no training jet is in variation '{name}': name one of the same collisions, "
                "that is, of the detector or of the records"
            )
        row = torch.full_like(key, -1)
        row[ours] = theirs
        return cls(shards, row)

    @property
    def found(self) -> float:
        """Share of the training jets that are in it."""
        return float((self.row >= 0).double().mean())

    def read(self, rows: Tensor, inputs: Tensor, missing: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and missing entries [n, F] of the training jets at `rows`, or the given ones of each."""
        there = (self.row[rows] >= 0).nonzero()[:, 0]
        ascending, back = self.row[rows[there]].sort()
        inputs, missing = inputs.clone(), missing.clone()
        if len(ascending):
            varied = self.shards.read(ascending, ["inputs", "missing"])
            inputs[there[back]], missing[there[back]] = varied["inputs"], varied["missing"]
        return inputs, missing


@dataclass(frozen=True)
class TrainingFiles:
    """The training jets and their variations.

    Attributes
    ----------
    shards : JetShards
    variations : tuple of Variation
        In the order in which a recipe names them.
    """

    shards: JetShards
    variations: tuple[Variation, ...] = ()

    @classmethod
    def open(cls, paths: Iterable[str | Path], varied: Mapping[str, str | Path]) -> Self:
        """The training split of tensor files, and of each variation by name that of its file or index.

        Raises
        ------
        InputError
            As `JetShards`; or if none of the jets is in one of the variations.
        """
        shards = JetShards(paths, "train")
        if not varied:
            return cls(shards)
        key, found = _keys(shards), []
        for name, path in varied.items():
            found.append(Variation.of(name, JetShards([path], "train"), key))
            _log.info("%.1f %% of the training jets are in variation %s", 100 * found[-1].found, name)
        return cls(shards, tuple(found))

    def __len__(self) -> int:
        return len(self.shards)

    def arrays(self) -> Iterator[Tensor]:
        """Every array of every file, memory-mapped, one after the other."""
        for shards in (self.shards, *(variation.shards for variation in self.variations)):
            yield from shards.arrays()

    def read(self, rows: Tensor, device: torch.device) -> Batch:
        """Jets at `rows` int64 [n], ascending, on the device; their weight is that of their kinematics times
        that of their event."""
        columns = self.shards.read(rows, [*COLUMNS, "event_weight"])
        columns["weight"] = columns["weight"] * columns.pop("event_weight")
        if self.variations:
            own = columns["inputs"], columns["missing"]
            varied = [variation.read(rows, *own) for variation in self.variations]
            columns["varied"], columns["varied_missing"] = (
                torch.stack(part, dim=1) for part in zip(*varied, strict=True)
            )
        jets = Batch(**columns)
        if device.type != "cuda":
            return jets
        # Pinned, so that the copy does not hold up the steps that wait for it on the same stream.
        return jets.each(lambda tensor: tensor.pin_memory().to(device, non_blocking=True))


def _keys(shards: JetShards) -> Tensor:
    columns = shards.read(torch.arange(len(shards)), ["event", "eta"])
    return jet_key(columns["event"], columns["eta"])
