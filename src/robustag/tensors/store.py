"""The tensor store: one safetensors file per chunk, its jets ordered by split."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from robustag.features import FeatureTable
from robustag.readers import JetRecords
from robustag.stored import opened, write_arrays
from robustag.tensors.normalisation import Normalisation
from robustag.tensors.split import SPLITS, assign_split
from robustag.tensors.weights import WeightMap


def tensorise(
    records: JetRecords,
    table: FeatureTable,
    normalisation: Normalisation,
    weights: WeightMap,
    fractions: list[float],
    path: str | Path,
) -> None:
    """Clean, scale, weight and split the jets of one chunk and store them at `path`.

    What stands in for missing entries takes their place, and they are marked; everything is then scaled,
    missing entries included, as in arXiv:2203.13890. Weights of the events with other settings of the
    generator are further columns (`weight_column`).
    """
    split = assign_split(records.event, fractions)
    order = np.argsort(split, kind="stable")
    # The readers marked what the ntuple alone shows; here the values that stand in are known, too.
    values = table.missing_rules.known(normalisation.missing).mark(records.values.astype(np.float64))
    missing = np.isnan(values)
    inputs = normalisation.scale(np.where(missing, normalisation.missing, values))
    columns = {
        "inputs": inputs.astype(np.float32),
        "missing": missing,
        "label": records.label,
        "weight": weights(records.label, records.pt, records.eta),
        "pt": records.pt,
        "eta": records.eta,
        "event": records.event.view(np.int64),
        "event_weight": records.weight,
        **{weight_column(name): given for name, given in records.relative_weights.items()},
    }
    ends = np.cumsum(np.bincount(split, minlength=len(SPLITS)))
    write_store({name: column[order] for name, column in columns.items()}, ends, path)


def weight_column(variation: str) -> str:
    """Column of the weights of a variation, relative to those of the events."""
    return f"relative_weight {variation}"


def write_store(columns: Mapping[str, np.ndarray], ends: np.ndarray, path: str | Path) -> None:
    """Write columns [N, ...] of jets ordered by split, with a checksum a column and split.

    Parameters
    ----------
    ends : int64 [3]
        Where each split ends.
    """
    starts = [0, *ends[:-1]]
    parts = {
        f"{split} {name}": column[start:end]
        for split, start, end in zip(SPLITS, starts, ends, strict=True)
        for name, column in columns.items()
    }
    write_arrays(path, columns, {"ends": ends.tolist()}, parts)


def opened_store(path: str | Path, framework: str) -> AbstractContextManager[Any]:
    """An open tensor file; as `robustag.stored.opened`."""
    return opened(path, framework, "is damaged or no tensor store")
