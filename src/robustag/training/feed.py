"""Batches of jets in random order, from jets on the device or, where they do not fit, from their files.

The order is drawn before an epoch begins and depends on nothing but the generator, the number of jets and the
size of a batch: where the jets are changes no result.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from robustag.tensors.loading import JetTensors
from robustag.training.files import COLUMNS, TrainingFiles
from robustag.training.step import Batch

#: Jets that are shuffled among each other: all of them in most studies, 0.98 GB of them in a larger one.
WINDOW = 2**20
#: Neighbouring jets that meet in the same window: long enough to read a disk forwards.
BLOCK = 2**12


@dataclass(frozen=True)
class Resident:
    """Jets on the device."""

    jets: Batch

    def __len__(self) -> int:
        return len(self.jets.label)

    def windows(self, order: Iterable[Tensor]) -> Iterator[tuple[Batch, Tensor]]:
        """The jets, and which of them each part of the order names."""
        for rows in order:
            yield self.jets, rows


@dataclass(frozen=True)
class Streamed:
    """Jets in files; the window of the moment and the next one are in memory."""

    files: TrainingFiles
    device: torch.device

    def __len__(self) -> int:
        return len(self.files)

    def windows(self, order: Iterable[Tensor]) -> Iterator[tuple[Batch, Tensor]]:
        """The jets that each part of the order names, and their places among these."""
        parts = iter(order)
        # One thread reads ahead. It draws no random numbers.
        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(self._window, next(parts))
            for rows in parts:
                window = ahead.result()
                ahead = reader.submit(self._window, rows)
                yield window
            yield ahead.result()

    def _window(self, rows: Tensor) -> tuple[Batch, Tensor]:
        sorted_rows, place = rows.sort()
        jets = self.files.read(sorted_rows.cpu(), self.device)
        return jets, place.argsort()


Feed = Resident | Streamed


def open_feed(files: TrainingFiles, device: torch.device, memory: float) -> Feed:
    """Source of batches on `device`: resident if the jets take at most `memory` bytes, else streamed.

    A GPU's own memory counts instead: half of what is free may be taken.
    """
    if device.type == "cuda":
        memory = torch.cuda.mem_get_info(device)[0] / 2
    jets = len(files)
    one = files.read(torch.zeros(1, dtype=torch.int64), device)
    if jets * sum(tensor.nbytes for tensor in one if tensor is not None) > memory:
        return Streamed(files, device)
    resident = one.each(lambda tensor: tensor.new_empty((jets, *tensor.shape[1:])))
    for begin in range(0, jets, WINDOW):
        rows = torch.arange(begin, min(begin + WINDOW, jets))
        for target, part in zip(resident, files.read(rows, device), strict=True):
            if target is not None and part is not None:
                target[begin : begin + WINDOW] = part
    return Resident(resident)


def on_device(jets: JetTensors, device: torch.device) -> Batch:
    """What training needs of the jets; their weight is that of their kinematics times that of their event."""
    batch = Batch(*(getattr(jets, name).to(device) for name in COLUMNS))
    return batch._replace(weight=batch.weight * jets.event_weight.to(device))


def batches(source: Feed, size: int, generator: torch.Generator) -> Iterator[Batch]:
    """Every jet once, in random order, `size` at a time.

    Blocks of `BLOCK` neighbouring jets are shuffled and put in a row, which is cut into windows of `WINDOW`
    jets (rounded down to whole batches), and the jets of each window are shuffled. Up to `WINDOW` jets every
    order is equally likely.
    """
    window = max(1, WINDOW // size) * size
    order = _order(len(source), window, generator)
    for jets, rows in source.windows(order.split(window)):
        for chosen in rows.split(size):
            yield jets.each(partial(torch.index_select, dim=0, index=chosen))


def _order(jets: int, window: int, generator: torch.Generator) -> Tensor:
    """Rows of all jets, int64 [jets], on the generator's device."""
    device = generator.device
    blocks = torch.arange(jets, device=device).split(BLOCK)
    numbers = torch.randperm(len(blocks), generator=generator, device=device).tolist()
    order = torch.cat([blocks[number] for number in numbers])
    return torch.cat(
        [rows[torch.randperm(len(rows), generator=generator, device=device)] for rows in order.split(window)]
    )
