"""Weights worth keeping from a training: chosen epochs, the best ones, the last."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from robustag.models import write_tensors

#: Which column of the history says that an epoch is the best so far.
BEST = {"best_clean": "validation_loss", "best_adversarial": "adversarial_loss"}


class Snapshot(NamedTuple):
    """Weights as they were after an epoch (from 1)."""

    epoch: int
    weights: dict[str, Tensor]


def names_of(history: Sequence[dict], checkpoints: Iterable[int]) -> list[str]:
    """Under which names the weights after the newest epoch of a history are kept."""
    *past, newest = history
    best = [
        name for name, column in BEST.items() if all(newest[column] < earlier[column] for earlier in past)
    ]
    chosen = [f"epoch{newest['epoch']}"] if newest["epoch"] in checkpoints else []
    return ["last", *best, *chosen]


def snapshot(model: nn.Module, epoch: int) -> Snapshot:
    """A copy of the weights, on the CPU."""
    weights = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    return Snapshot(epoch, weights)


def save_snapshots(path: Path, snapshots: dict[str, Snapshot], card: dict, evaluated: str) -> None:
    """Write the one called `evaluated` to `path`, and each to {name}.safetensors in the folder of this name.

    All are files of models; their cards tell the epoch.
    """
    targets = {path.with_suffix("") / f"{name}.safetensors": kept for name, kept in snapshots.items()}
    for target, (epoch, weights) in {**targets, path: snapshots[evaluated]}.items():
        write_tensors(target, weights, {**card, "epoch": epoch})
