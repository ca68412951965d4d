from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from robustag.attacks import BudgetRule
from robustag.training import train_model
from robustag.training.feed import Resident
from robustag.training.step import Batch

#: How the toy models are followed (`training` of a configuration).
FOLLOWED = {"epsilon": 0.05, "monitored": 200}


class Jets(NamedTuple):
    inputs: Tensor
    missing: Tensor
    label: Tensor
    weight: Tensor

    @property
    def event_weight(self):
        return torch.ones(len(self.label))


def toy_jets(count, *, seed):
    """Three flavours told apart by three robust inputs and by twenty faint ones.

    Each robust input separates its flavour by two sigma; each faint one by 0.1 sigma only, but they are so
    precise (sigma 0.05) that a network prefers them, and a shift of 0.1 undoes them.
    """
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 3, (count,), generator=generator)
    flavour = torch.nn.functional.one_hot(label, 3).float()
    robust = 2 * flavour + torch.randn(count, 3, generator=generator)
    faint = 0.1 * flavour[:, [0, 1, 2] * 6 + [0, 1]] + 0.05 * torch.randn(count, 20, generator=generator)
    inputs = torch.cat([robust, faint], dim=1)
    weight = 0.5 + torch.rand(count, generator=generator)
    return Jets(inputs, torch.zeros(inputs.shape, dtype=torch.bool), label, weight)


def trained_on(batch, validation, rule, network, recipe, folder, *, rate, epochs):
    """A training of a toy by Adam, 500 jets at a time."""
    return train_model(
        {
            "network": network,
            "loss": {"name": "cross_entropy"},
            "recipe": recipe,
            "optimiser": {
                "name": "adam",
                "learning_rate": rate,
                "decay": {"name": "cosine"},
                "batch_size": 500,
                "epochs": epochs,
            },
            "checkpoints": [],
        },
        Resident(batch),
        validation,
        rule,
        validation_rule=rule,
        settings=FOLLOWED,
        seed=1,
        device="cpu",
        checkpoint=folder / "checkpoint",
        fingerprint="",
        progress=lambda row: None,
    )


def accompanied(jets):
    """Jets with all that a recipe may need: two variations of them, and what teachers say."""
    generator = torch.Generator().manual_seed(3)
    varied = jets.inputs[:, None] + 0.3 * torch.randn(len(jets.label), 2, 23, generator=generator)
    target = torch.randn(len(jets.label), 3, generator=generator).log_softmax(dim=1)
    return Batch(*jets, varied, torch.zeros(varied.shape, dtype=torch.bool), target)


@pytest.fixture(scope="session")
def toy():
    """Training jets, validation jets and the rule of their budgets."""
    train, validation = toy_jets(4000, seed=1), toy_jets(1000, seed=2)
    features = train.inputs.shape[1]
    rule = BudgetRule(torch.ones(features), torch.zeros(features, dtype=torch.bool), torch.zeros(features))
    return train, validation, rule


@pytest.fixture
def definition():
    return {
        "network": {"name": "mlp", "hidden": [24, 24], "dropout": 0.1},
        "loss": {"name": "cross_entropy"},
        "recipe": {"name": "fgsm", "epsilon": 0.1, "attack_mode": "train"},
        "optimiser": {
            "name": "adam",
            "learning_rate": 0.005,
            "decay": {"name": "inverse", "epochs": 3},
            "batch_size": 256,
            "epochs": 4,
        },
        "checkpoints": [2],
    }
