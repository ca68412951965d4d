"""Where a training stands after an epoch, on disk: a killed job goes on from there."""

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from robustag.errors import InputError
from robustag.models import read_tensors, write_tensors
from robustag.training.snapshots import Snapshot

_log = logging.getLogger(__name__)


@dataclass
class TrainingProgress:
    """What a training has come to, beside its weights and its optimiser.

    Attributes
    ----------
    history : list of dict
        A row per epoch.
    state : dict of str to Tensor
        Of the recipe (`Moment.state`).
    snapshots : dict of str to Snapshot
        Weights to keep, by name.
    """

    history: list[dict] = field(default_factory=list)
    state: dict[str, Tensor] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    progress: TrainingProgress,
    fingerprint: str,
) -> None:
    """Replace the checkpoint of the epoch before, whole or not at all."""
    groups = {"model": model.state_dict(), "recipe": progress.state}
    groups |= {f"optimiser {key}": state for key, state in optimiser.state_dict()["state"].items()}
    groups |= {f"snapshot {name}": kept.weights for name, kept in progress.snapshots.items()}
    tensors = {f"{group}/{name}": tensor for group, part in groups.items() for name, tensor in part.items()}
    epochs = {name: kept.epoch for name, kept in progress.snapshots.items()}
    write_tensors(
        path, tensors, {"fingerprint": fingerprint, "history": progress.history, "snapshots": epochs}
    )


def load_checkpoint(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, fingerprint: str
) -> TrainingProgress:
    """Put `model` and `optimiser` where the checkpoint left them and return the rest.

    An absent checkpoint, or one that another fingerprint wrote (another configuration or other code), leaves
    both as they are and gives no progress. What a killed job was writing is removed.

    Raises
    ------
    InputError
        If the checkpoint is damaged.
    """
    for torn in path.parent.glob(f".{path.stem}.*.partial{path.suffix}"):
        torn.unlink()
    if not path.exists():
        return TrainingProgress()
    tensors, card = read_tensors(path)
    if "fingerprint" not in card:
        raise InputError(f"{path} is no checkpoint: delete it and run again")
    if card["fingerprint"] != fingerprint:
        _log.info("checkpoint %s belongs to another configuration or code: training starts anew", path)
        return TrainingProgress()
    groups: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, tensor in tensors.items():
        group, name = key.split("/", 1)
        groups[group][name] = tensor
    model.load_state_dict(groups["model"])
    states = {int(group.split()[1]): part for group, part in groups.items() if group.startswith("optimiser ")}
    optimiser.load_state_dict({"state": states, "param_groups": optimiser.state_dict()["param_groups"]})
    device = next(model.parameters()).device
    _log.info("training goes on from checkpoint %s after epoch %d", path, len(card["history"]))
    return TrainingProgress(
        card["history"],
        {name: tensor.to(device) for name, tensor in groups["recipe"].items()},
        {name: Snapshot(epoch, groups[f"snapshot {name}"]) for name, epoch in card["snapshots"].items()},
    )
