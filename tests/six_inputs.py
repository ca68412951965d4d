"""A small data set of six inputs, one of them a count and the last one of a track."""

import numpy as np

from robustag.features import FeatureTable
from robustag.tensors import Normalisation

NAMES = ("jet_pt", "jet_eta", "count", "mass", "d0", "z0")


def feature_table() -> FeatureTable:
    """Its inputs."""
    missing = {"at_or_below": "stand_in", "stand_in": 0.0}
    jet = [
        {"name": name, "unit": "1", "missing": missing, "shift": 1.0, "range": [-9.0, 9.0]} for name in NAMES
    ]
    jet[2]["role"] = "count"
    blocks = [{"name": "jet", "variables": jet[:5]}, {"name": "track", "count": 1, "variables": jet[5:]}]
    return FeatureTable.from_document({"data_set": "toy", "blocks": blocks})


def scaling(table: FeatureTable) -> Normalisation:
    """How they are scaled: no two alike."""
    return Normalisation(table.names, np.arange(6.0), np.arange(1.0, 7.0), np.zeros(6))
