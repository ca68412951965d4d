from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from robustag.attacks import BudgetRule
from robustag.models import build_model
from robustag.training import build_loss


class Setting(NamedTuple):
    """A small data set with counts, missing entries and a model to attack."""

    model: nn.Module
    loss: object
    inputs: Tensor
    missing: Tensor
    label: Tensor
    rule: BudgetRule
    mean: np.ndarray
    sigma: np.ndarray

    @property
    def arguments(self):
        return self.model, self.loss, self.inputs, self.missing, self.label


def covariance(rng, features):
    """A random covariance matrix, float32 [F, F]."""
    root = rng.normal(size=(features, 2 * features)) / np.sqrt(2 * features)
    return torch.tensor(root @ root.T, dtype=torch.float32)


@pytest.fixture(scope="session")
def setting():
    rng = np.random.default_rng(7)
    jets, features = 203, 12
    mean, sigma = rng.normal(size=features), rng.uniform(0.5, 2.0, features)
    model = build_model({"name": "mlp", "hidden": [16, 16], "dropout": 0.1}, features, seed=3).eval()
    return Setting(
        model,
        build_loss({"name": "cross_entropy"}),
        torch.tensor(rng.normal(size=(jets, features)), dtype=torch.float32),
        torch.tensor(rng.random((jets, features)) < 0.2),
        torch.tensor(rng.integers(0, 3, jets)),
        BudgetRule(
            scale=torch.tensor(rng.integers(0, 5, features), dtype=torch.float32),
            integer=torch.tensor(np.arange(features) % 5 == 1),
            centre=torch.tensor(mean / sigma, dtype=torch.float32),
            unit=torch.tensor(1 / sigma, dtype=torch.float32),
            floor=torch.full((features,), -100.0),
            group=torch.eye(3).repeat_interleave(4, dim=0),
            spread=torch.stack([covariance(rng, features) for _ in range(3)]),
        ),
        mean,
        sigma,
    )
