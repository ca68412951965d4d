"""Jets with absent tracks and missing entries, and the networks that a user can name."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from robustag.features import FeatureTable
from robustag.models import Inputs
from robustag.tensors import Normalisation

NETWORKS = {
    "linear": {"name": "linear"},
    "mlp": {"name": "mlp", "hidden": [16, 16], "dropout": 0.1},
    "set_transformer": {
        "name": "set_transformer",
        "width": 8,
        "heads": 2,
        "layers": 2,
        "pairs": ["D0", "PHI", "vertex_mass"],
    },
}


class Jets(NamedTuple):
    """Jets in physical units, float64 [N, F] with NaN for what is missing, and what scales them."""

    values: np.ndarray
    inputs: Inputs

    def scaled(self, values: np.ndarray | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Scaled inputs float32 and missing entries, as the tensor store has them."""
        values = self.values if values is None else values
        scaling, missing = self.inputs.normalisation, np.isnan(values)
        scaled = scaling.scale(np.where(missing, scaling.missing, values)).astype(np.float32)
        return torch.from_numpy(scaled), torch.from_numpy(missing)


@pytest.fixture(scope="session")
def jets(table: FeatureTable) -> Jets:
    """120 jets with 0 to 6 tracks; every input has a scale of its own, over many orders of magnitude."""
    rng = np.random.default_rng(11)
    number, (track,) = 120, table.element_blocks
    jet = track.first
    scale = 10.0 ** rng.uniform(-8, 2, table.size)
    mean, sigma = rng.normal(size=table.size) * scale, rng.uniform(0.5, 2.0, table.size) * scale
    values = rng.normal(size=(number, table.size)) * sigma + mean
    values[:, jet:][rng.random((number, table.size - jet)) < 0.1] = np.nan
    values[:, :jet][rng.random((number, jet)) < 0.1] = np.nan
    absent = np.arange(track.count) >= np.arange(number)[:, None] % (track.count + 1)
    values[:, jet:].reshape(number, -1, track.count)[np.broadcast_to(absent[:, None], (number, 28, 6))] = (
        np.nan
    )
    scaling = Normalisation(table.names, mean, sigma, missing=mean - 20 * sigma)
    return Jets(values, Inputs.of(table, scaling))
