"""Jet records to training tensors: cleaning, split, scaling, kinematic weights, the tensor store.

The torch side, `tensors.loading`, is imported by name: the many jobs that write tensors do without torch.
"""

from robustag.tensors.index import write_index
from robustag.tensors.normalisation import Normalisation
from robustag.tensors.repeats import Sketch, find_repeats
from robustag.tensors.split import SPLITS
from robustag.tensors.store import tensorise
from robustag.tensors.summary import Summary, check_sources, merge, summarise
from robustag.tensors.weights import WeightMap

__all__ = [
    "SPLITS",
    "Normalisation",
    "Sketch",
    "Summary",
    "WeightMap",
    "check_sources",
    "find_repeats",
    "merge",
    "summarise",
    "tensorise",
    "write_index",
]
