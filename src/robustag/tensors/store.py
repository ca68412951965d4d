"""The tensor store: one safetensors file a chunk, its jets ordered by split, memory-mapped on read."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.files import written_whole
from robustag.readers import JetRecords
from robustag.tensors.normalisation import Normalisation
from robustag.tensors.split import assign_split, event_key
from robustag.tensors.summary import existing
from robustag.tensors.weights import WeightMap

SPLITS = ("train", "validation", "test")


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


def tensorise(
    records: JetRecords,
    table: FeatureTable,
    normalisation: Normalisation,
    weights: WeightMap,
    fractions: list[float],
    path: str | Path,
) -> None:
    """Clean, scale, weight and split the jets of one chunk and store them at `path`.

    Entries that are not finite or lie at or below the missing value become the missing value and are
    marked; everything is then scaled, missing values included, as in arXiv:2203.13890.
    """
    key = event_key(records)
    split = assign_split(key, fractions)
    order = np.argsort(split, kind="stable")
    exists = existing(records.values, table) & (records.values > normalisation.missing)
    inputs = normalisation.scale(np.where(exists, records.values, normalisation.missing))
    columns = {
        "inputs": inputs.astype(np.float32),
        "missing": ~exists,
        "label": records.label,
        "weight": weights(records.label, records.pt, records.eta),
        "pt": records.pt,
        "eta": records.eta,
        "event": key.view(np.int64),
    }
    columns = {name: np.ascontiguousarray(column[order]) for name, column in columns.items()}
    columns["split_ends"] = np.cumsum(np.bincount(split, minlength=len(SPLITS)))
    with written_whole(path) as temporary:
        save_file(columns, temporary)


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
