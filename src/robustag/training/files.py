"""Training jets in their files, the same jets as other detectors measure them, and what teachers say."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from robustag.errors import InputError
from robustag.tensors.loading import JetShards, jet_key, same_jets
from robustag.training.step import Batch
from robustag.training.teachers import Teachers

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
    """The training jets, their variations, and who teaches what they are.

    Attributes
    ----------
    shards : JetShards
    variations : tuple of Variation
        In the order in which a recipe names them.
    teachers : Teachers or None
        On the device to which jets are read.
    """

    shards: JetShards
    variations: tuple[Variation, ...] = ()
    teachers: Teachers | None = None

    @classmethod
    def open(
        cls,
        paths: Iterable[str | Path],
        varied: Mapping[str, str | Path],
        teachers: Sequence[str | Path] = (),
        device: str | torch.device = "cpu",
    ) -> Self:
        """The training split of tensor files, and of each variation by name that of its file or index.

        Parameters
        ----------
        paths : paths
        varied : mapping of str to path
        teachers : sequence of path
            Models that teach, if any.
        device : str or device
            To which jets will be read.

        Raises
        ------
        InputError
            As `JetShards` and `load_model`; or if none of the jets is in one of the variations.
        """
        shards = JetShards(paths, "train")
        ensemble = Teachers.load(teachers, device) if teachers else None
        if not varied:
            return cls(shards, teachers=ensemble)
        key, found = _keys(shards), []
        for name, path in varied.items():
            found.append(Variation.of(name, JetShards([path], "train"), key))
            _log.info("%.1f %% of the training jets are in variation %s", 100 * found[-1].found, name)
        return cls(shards, tuple(found), ensemble)

    def __len__(self) -> int:
        return len(self.shards)

    def arrays(self) -> Iterator[Tensor]:
        """Every array of every file, memory-mapped, one after the other, and every weight of the teachers."""
        for shards in (self.shards, *(variation.shards for variation in self.variations)):
            yield from shards.arrays()
        if self.teachers:
            yield from self.teachers.weights()

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
        if device.type == "cuda":
            # Pinned, so that the copy does not hold up the steps that wait for it on the same stream.
            jets = jets.each(lambda tensor: tensor.pin_memory().to(device, non_blocking=True))
        return jets._replace(target=self.teachers(jets.inputs)) if self.teachers else jets


def _keys(shards: JetShards) -> Tensor:
    columns = shards.read(torch.arange(len(shards)), ["event", "eta"])
    return jet_key(columns["event"], columns["eta"])
