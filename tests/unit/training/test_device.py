"""A step of training would not hold up a GPU: no value is asked for, no tensor is on another device."""

import copy

import pytest
import torch
from tests.unit.training.conftest import FOLLOWED, accompanied

from robustag.models import build_model
from robustag.training import build_loss, train_model
from robustag.training.feed import Resident
from robustag.training.recipes import build_recipe
from robustag.training.recorded import HostWatch
from robustag.training.step import Moment

RECIPES = [
    {"name": "nominal"},
    {"name": "fgsm", "epsilon": 0.1, "attack_mode": "train"},
    {"name": "fgsm", "epsilon": 0.1, "attack_mode": "eval", "share": 0.5, "warm_up": 2},
    {"name": "pgd", "epsilon": 0.1, "attack_mode": "eval", "steps": 2, "rate": 2.5, "restarts": 0},
    {"name": "free", "epsilon": 0.1, "replays": 2},
    {"name": "trades", "epsilon": 0.1, "beta": 2.0, "steps": 2, "rate": 2.5},
    {"name": "gradient_penalty", "epsilon": 0.1},
    {"name": "augmented", "variations": ["up", "down"], "share": 0.5},
    {"name": "paired", "variations": ["up", "down"], "weight": 1.0},
    {"name": "group_dro", "variations": ["up", "down"], "rate": 0.01},
    {"name": "coherent", "variations": ["up", "down"], "size": 1.0, "move": "jet"},
    {"name": "domain", "variations": ["up", "down"], "weight": 1.0, "warm_up": 2},
    {"name": "domain", "variations": ["up", "down"], "weight": 1.0, "shuffled": True},
    {"name": "distilled", "teachers": ["other"], "temperature": 2.0, "share": 0.5},
    {"name": "mtl_ibp", "epsilon": 0.1, "weight": 0.3, "warm_up": 2, "steps": 1, "rate": 1.25},
    {"name": "sabr", "epsilon": 0.1, "width": 0.2, "warm_up": 2, "steps": 1, "rate": 1.25},
]


class CountWaits(HostWatch):
    """How often the processor would wait for a GPU."""

    def __init__(self):
        super().__init__()
        self.waits = self.operations = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.operations += 1
        self.found = ""
        result = super().__torch_dispatch__(function, types, args, kwargs)
        self.waits += bool(self.found)
        return result


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_an_epoch_waits_no_more_often_for_many_batches_than_for_one(toy, definition, tmp_path, recipe):
    train, validation, rule = toy
    counts = {}
    for size in (4000, 100):
        definition |= {"recipe": recipe, "optimiser": definition["optimiser"] | {"epochs": 1}}
        definition["optimiser"]["batch_size"] = size
        with CountWaits() as counts[size]:
            train_model(
                definition,
                Resident(accompanied(train)),
                validation,
                rule,
                validation_rule=rule,
                settings=FOLLOWED,
                seed=1,
                device="cpu",
                checkpoint=tmp_path / f"{size}.checkpoint",
                fingerprint="a",
                progress=lambda row: None,
            )
    assert counts[100].operations > 4 * counts[4000].operations
    assert 0 < counts[100].waits == counts[4000].waits


def test_a_wait_is_seen():
    with CountWaits() as count:
        torch.ones(3).sum().item()
        torch.ones(3)[torch.tensor([True, False, True])]
    assert count.waits == 2


def elsewhere(rule):
    """The rule on the meta device, which the check of its values would not allow."""
    moved = copy.copy(rule)
    for name, value in vars(rule).items():
        if isinstance(value, torch.Tensor):
            object.__setattr__(moved, name, value.to("meta"))
    return moved


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_a_step_runs_wherever_its_jets_are(toy, recipe):
    """Tensors of the meta device refuse to meet any of the CPU, and have no values to ask for."""
    train, _, rule = toy
    model = build_model({"name": "mlp", "hidden": [8, 8], "dropout": 0.1}, 23, seed=1).to("meta").train()
    loss = build_loss({"name": "double_softmax_focal", "gamma": 25.0})
    batch = accompanied(train).each(lambda tensor: tensor.to("meta"))
    for losses in build_recipe(recipe, loss, elsewhere(rule))(model, batch, Moment(0, torch.Generator())):
        losses.sum().backward()
        assert losses.device.type == "meta"
    assert all(parameter.grad.device.type == "meta" for parameter in model.parameters())
