"""Work on a device whose memory may be too small: with fewer jets at a time, and at last on the processor."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import torch

_log = logging.getLogger(__name__)
T = TypeVar("T")

CHUNK = 2048
"""Jets whose activations stay in the cache of a CPU core; fewer are not worth a GPU."""

# What torch says where it has no class of its own: the driver, and the handles of cuBLAS.
_SHORT = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED")


@dataclass(frozen=True)
class Place:
    """Where some jets are computed.

    Attributes
    ----------
    device : torch.device
    chunk : int
        Jets at a time.
    least : int
        So many at least on a GPU; on a CPU no more.
    """

    device: torch.device
    chunk: int
    least: int

    @classmethod
    def of(cls, device: torch.device, jets: int, least: int = CHUNK, chunk: int | None = None) -> Self:
        """All jets at a time on a GPU and `least` of them on a CPU, or `chunk` on either."""
        if chunk is not None:
            return cls(device, chunk, min(chunk, least))
        return cls(device, jets_at_a_time(device, least, max(jets, 1)), least)

    @classmethod
    def undivided(cls, device: str | torch.device) -> Self:
        """For work that has no chunks."""
        return cls(torch.device(device), 1, 1)

    def smaller(self) -> "Place | None":
        """Half as many jets at a time, or the processor if these are too few; None if that is here."""
        if self.chunk > self.least:
            return replace(self, chunk=max(self.least, self.chunk // 2))
        if self.device.type == "cpu":
            return None
        return Place.of(torch.device("cpu"), self.least, self.least)


def jets_at_a_time(device: torch.device, on_cpu: int, on_gpu: int) -> int:
    """So many that their activations stay in the cache of a CPU, or that a GPU is busy."""
    return on_cpu if device.type == "cpu" else on_gpu


def within_memory(work: Callable[[Place], T], place: Place) -> tuple[T, Place]:
    """What `work` gives at a place, or at the first smaller one where memory suffices, and that place.

    A line of the log says what is tried instead.

    Raises
    ------
    RuntimeError
        As `work`; if memory does not suffice on the processor either.
    """
    while True:
        try:
            return work(place), place
        except RuntimeError as error:
            smaller = place.smaller()
            if smaller is None or not _short(error):
                raise
        # Behind the handler the error is gone, and with it what the frames of its traceback held.
        if smaller.device == place.device:
            _log.warning("%s has no memory for %d jets: on with %d", place.device, place.chunk, smaller.chunk)
        else:
            _log.warning("%s has no memory for this: on with the processor", place.device)
        place = smaller
        torch.cuda.empty_cache()


def _short(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(part in str(error) for part in _SHORT)
