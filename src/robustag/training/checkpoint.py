"""Where a training stands after an epoch, on disk: a killed job goes on from there."""

import logging
from pathlib import Path

import torch
from torch import nn

from robustag.errors import InputError
from robustag.models import read_tensors, write_tensors

_log = logging.getLogger(__name__)


def save_checkpoint(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, history: list[dict], fingerprint: str
) -> None:
    """Write weights, optimiser state and history; replaces the checkpoint of the epoch before."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for parameter, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{parameter}.{name}": tensor for name, tensor in state.items()}
    write_tensors(path, tensors, {"fingerprint": fingerprint, "history": history})


def load_checkpoint(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, fingerprint: str
) -> list[dict]:
    """Put `model` and `optimiser` where the checkpoint left them and return its history.

    An absent checkpoint, or one that another fingerprint wrote (another configuration or other code), leaves
    both as they are and gives an empty history.

    Raises
    ------
    InputError
        If the checkpoint is damaged.
    """
    if not path.exists():
        return []
    tensors, card = read_tensors(path)
    if "fingerprint" not in card:
        raise InputError(f"{path} is no checkpoint: delete it and run again")
    if card["fingerprint"] != fingerprint:
        _log.info("checkpoint %s belongs to another configuration or code: training starts anew", path)
        return []
    weights: dict[str, torch.Tensor] = {}
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        kind, name = key.split(".", 1)
        if kind == "model":
            weights[name] = tensor
        else:
            parameter, moment = name.split(".", 1)
            state.setdefault(int(parameter), {})[moment] = tensor
    model.load_state_dict(weights)
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    _log.info("training goes on from checkpoint %s after epoch %d", path, len(card["history"]))
    return card["history"]
