"""How models are measured; the section ``evaluation`` of a configuration, and the seed of the study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluation:
    """How models are measured.

    Attributes
    ----------
    bootstrap : int
        Replicates.
    seed : int
        Of their weights.
    efficiencies : sequence of float
        Signal efficiencies at which the mis-tag rate is given.
    mistags : sequence of float
        Mis-tag rates that are working points.
    bins : mapping of str to sequence of float
        Edges of ``pt`` (GeV) and of ``eta`` (its size) for the rates at fixed cuts.
    inputs : mapping of str to (float, float)
        Inputs that are histogrammed, with their ranges in physical units.
    """

    bootstrap: int
    seed: int
    efficiencies: Sequence[float]
    mistags: Sequence[float]
    bins: Mapping[str, Sequence[float]]
    inputs: Mapping[str, tuple[float, float]]
