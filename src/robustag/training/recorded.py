"""Updates that a GPU repeats by itself: recorded once as a CUDA graph, and replayed for every batch.

At small batches a GPU waits for the calls that Python makes; a replay is one call, whatever the update does.
The numbers are those of the same updates call by call.
"""

import logging
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from robustag.training.step import Batch, Moment
from robustag.training.updates import Updates

_log = logging.getLogger(__name__)
#: Updates of a kind that are made call by call before one is recorded: lazy allocations and tunings are over.
_BEFORE = 3


class HostWatch(TorchDispatchMode):
    """Notes the first operation within it that cannot be recorded, since the processor takes part in it.

    Attributes
    ----------
    found : str
        Its name, and what is wrong with it; empty if there was none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found = ""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        self.found = self.found or _hindrance(function, args, result)
        return result


def _hindrance(function: Any, args: Any, result: Any) -> str:
    name = function.overloadpacket.__name__
    if name in ("index", "index_put", "index_put_"):
        # Positions keep the shape of the result independent of values; masks do not.
        waits = any(part is not None and part.dtype in (torch.bool, torch.uint8) for part in args[1])
    else:
        tags = function.tags
        waits = torch.Tag.data_dependent_output in tags or torch.Tag.dynamic_output_shape in tags
    if waits:
        return f"{name} needs values on the processor"
    if name in ("copy_", "_to_copy"):
        source, target = (args[1], args[0]) if name == "copy_" else (args[0], result)
        if source.device.type != target.device.type:
            return f"{name} copies from {source.device.type} to {target.device.type}"
    return ""


@dataclass
class _Kind:
    """Updates that are alike: their batches are of one size, their epochs of one stage of the warm-up."""

    seen: int = 0
    graph: "torch.cuda.CUDAGraph | None" = None
    batch: Batch | None = None


class Recorded:
    """Updates on a GPU, recorded where that is possible; where not, the log says why.

    Parameters
    ----------
    updates : Updates
        What is to be done, on a GPU, with an optimiser that is ``capturable``.
    warm_up : int
        Epochs of which each has updates of its own (option ``warm_up`` of a recipe).
    """

    def __init__(self, updates: Updates, warm_up: int) -> None:
        self._updates, self._warm_up, self._hindrance = updates, warm_up, ""
        self._kinds: dict[tuple[int, int], _Kind] = {}

    @property
    def total(self) -> Tensor:
        """As `Updates.total`."""
        return self._updates.total

    def __call__(self, batch: Batch, moment: Moment) -> None:
        """As `Updates`."""
        kind = self._kinds.setdefault((len(batch.label), min(moment.epoch, self._warm_up)), _Kind())
        if kind.graph is None and kind.seen >= _BEFORE and not self._hindrance:
            self._record(kind, batch, moment)
        if kind.graph is None or kind.batch is None:
            self._by_calls(kind, batch, moment)
            return
        for room, given in zip(kind.batch, batch, strict=True):
            if room is not None and given is not None:
                room.copy_(given)
        kind.graph.replay()

    def _by_calls(self, kind: _Kind, batch: Batch, moment: Moment) -> None:
        kind.seen += 1
        if self._hindrance or kind.seen > 1:
            self._updates(batch, moment)
            return
        with HostWatch() as watch:
            self._updates(batch, moment)
        if watch.found:
            self._hindrance = watch.found
            _log.info("the updates are made call by call, not replayed as a CUDA graph: %s", watch.found)

    def _record(self, kind: _Kind, batch: Batch, moment: Moment) -> None:
        kind.batch = batch.each(torch.clone)
        graph = torch.cuda.CUDAGraph()
        # Replays go on with the random numbers of the moment; torch's own generator is known to the graph.
        graph.register_generator_state(moment.generator)
        # Another thread may read the next jets meanwhile, and reserve memory for them.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._updates(kind.batch, moment)
        kind.graph = graph
        _log.info("the updates of %d jets are replayed as a CUDA graph", len(batch.label))
