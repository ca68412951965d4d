"""Jet records to training tensors: cleaning, split, scaling, kinematic weights, the tensor store."""

from typing import Any

from robustag.tensors.normalisation import Normalisation
from robustag.tensors.store import SPLITS, tensorise
from robustag.tensors.summary import CLASSES, Summary, merge, summarise
from robustag.tensors.weights import WeightMap

__all__ = [
    "CLASSES",
    "SPLITS",
    "JetTensors",
    "Normalisation",
    "Summary",
    "WeightMap",
    "load_tensors",
    "merge",
    "sample_jets",
    "summarise",
    "tensorise",
]


def __getattr__(name: str) -> Any:
    """Import the torch side only when it is asked for: the many jobs that write tensors do without."""
    if name in ("JetTensors", "load_tensors", "sample_jets"):
        from robustag.tensors import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
