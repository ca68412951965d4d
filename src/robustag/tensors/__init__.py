"""Jet records to training tensors: cleaning, split, scaling, kinematic weights, the tensor store."""

from robustag.tensors.normalisation import Normalisation
from robustag.tensors.store import SPLITS, JetTensors, load_tensors, tensorise
from robustag.tensors.summary import Summary, merge, summarise
from robustag.tensors.weights import WeightMap

__all__ = [
    "SPLITS",
    "JetTensors",
    "Normalisation",
    "Summary",
    "WeightMap",
    "load_tensors",
    "merge",
    "summarise",
    "tensorise",
]
