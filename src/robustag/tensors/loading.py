"""Reading the tensor store into torch, memory-mapped and one split at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from robustag.errors import InputError
from robustag.tensors.split import mixed
from robustag.tensors.store import SPLITS


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
        0 = b, 1 = c, 2 = light.
    weight : float32 [N]
        Kinematic training weight.
    pt, eta : float32 [N]
        Jet kinematics before any perturbation (GeV, 1).
    event : int64 [N]
        Event key; jets of one event share it.
    """

    inputs: torch.Tensor
    missing: torch.Tensor
    label: torch.Tensor
    weight: torch.Tensor
    pt: torch.Tensor
    eta: torch.Tensor
    event: torch.Tensor

    def __len__(self) -> int:
        return len(self.label)

    def select(self, rows: torch.Tensor | slice) -> "JetTensors":
        """The jets of a slice, boolean mask or index tensor."""
        return JetTensors(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


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


def load_tensors(paths: Iterable[str | Path], split: str) -> JetTensors:
    """Read one split of several chunks, in the order of the paths.

    Raises
    ------
    InputError
        If a file is damaged or no tensor store, or the split holds no jets.
    """
    position = SPLITS.index(split)
    parts = [_read(path, position) for path in paths]
    tensors = JetTensors(**{f.name: torch.cat([part[f.name] for part in parts]) for f in fields(JetTensors)})
    if len(tensors) == 0:
        raise InputError(f"no jets in the {split} split of {len(parts)} tensor files: generate more events")
    return tensors


def _read(path: str | Path, position: int) -> dict[str, torch.Tensor]:
    try:
        with safe_open(path, framework="pt") as store:
            ends = [0, *store.get_tensor("split_ends").tolist()]
            rows = slice(ends[position], ends[position + 1])
            return {field.name: store.get_slice(field.name)[rows] for field in fields(JetTensors)}
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is no tensor store ({error}): delete it and run again") from error
