"""Trainings against boxes of inputs: what they lower is a bound, exact where one layer is all there is."""

import pytest
import torch
from tests.unit.training.conftest import trained_on
from torch import nn

from robustag.attacks import BudgetRule
from robustag.errors import InputError
from robustag.evaluation.certificates import (
    Bounds,
    affine_layers,
    enclosed,
    interval_method,
    least_leads,
)
from robustag.models import build_model
from robustag.models.boxes import worst_logits
from robustag.training import build_loss, build_recipe
from robustag.training.step import Batch, Moment

LOSS = build_loss({"name": "cross_entropy"})
JETS, INPUTS, EPSILON = 200, 6, 0.3
COUNT = torch.arange(INPUTS) == 2
RULE = BudgetRule(torch.ones(INPUTS), COUNT, torch.zeros(INPUTS))
ATTACK = {"epsilon": EPSILON, "warm_up": 0, "steps": 5, "rate": 2.5}


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(JETS, INPUTS, generator=generator)
    missing = torch.rand(JETS, INPUTS, generator=generator) < 0.2
    return Batch(inputs, missing, torch.arange(JETS) % 3, torch.ones(JETS))


@pytest.fixture
def box(batch):
    budget = RULE.budget(batch.inputs, batch.missing, EPSILON)
    return budget.lower, budget.upper


def model_of(*hidden, dropout=0.0):
    network = {"name": "mlp", "hidden": list(hidden), "dropout": dropout} if hidden else {"name": "linear"}
    return build_model(network, INPUTS, seed=1).train()


def losses_of(model, batch, epoch=0, **definition):
    recipe = build_recipe({**ATTACK, **definition}, LOSS, RULE)
    (losses,) = recipe(model, batch, Moment(epoch, torch.Generator().manual_seed(3)))
    return losses.detach()


def exact_loss(model, batch, width):
    """Worst loss of a linear model in the box, by the differences of its logits."""
    weight, bias = model.weight.detach(), model.bias.detach()
    own = batch.label
    reach = torch.stack([((weight - weight[c]).abs() * width[:, None]).sum(2) for c in range(3)])[
        own, torch.arange(JETS)
    ]
    logits = batch.inputs @ weight.T + bias
    return LOSS(logits - logits.gather(1, own[:, None]) + reach, own)


def test_of_a_linear_model_the_bound_is_the_worst_loss_in_the_region_of_the_attack(batch, box):
    model = model_of()
    width = EPSILON * ~(batch.missing | COUNT)
    worst = exact_loss(model, batch, width)
    torch.testing.assert_close(losses_of(model, batch, name="mtl_ibp", weight=1.0), worst)
    torch.testing.assert_close(losses_of(model, batch, name="sabr", width=1.0), worst)
    half = losses_of(model, batch, name="mtl_ibp", weight=0.5)
    assert (half <= worst + 1e-5).all()
    assert (half >= LOSS(model(batch.inputs), batch.label).detach() - 1e-5).all(), "nothing was attacked"


@pytest.mark.parametrize("hidden", [(), (8,), (16, 8, 8)])
def test_the_bound_of_a_training_is_that_of_a_certificate_by_intervals(hidden, batch, box):
    model = model_of(*hidden).eval()
    worst = worst_logits(model, *box, batch.label).detach().double()
    layers = affine_layers(model)
    inside = enclosed(layers, Bounds(*(end.double() for end in box)))
    leads = least_leads(layers, inside, batch.label, interval_method)
    torch.testing.assert_close(-worst, leads, rtol=1e-4, atol=1e-4)
    assert (worst[torch.arange(JETS), batch.label] == 0).all()


def test_no_jet_in_the_box_loses_more_than_the_bound(batch, box):
    model = model_of(16, 8)
    bound = losses_of(model, batch, name="mtl_ibp", weight=1.0)
    for seed in range(30):
        share = torch.rand(JETS, INPUTS, generator=torch.Generator().manual_seed(seed)).round()
        inside = torch.lerp(*box, share)
        assert (LOSS(model(inside), batch.label) <= bound + 1e-5).all()


def test_the_small_box_lies_in_the_budget_around_the_worst_point(batch, box):
    """Its bound is above the loss at that point and below the bound over the whole budget."""
    model = model_of(16, 8)
    tiny, small, whole = (losses_of(model, batch, name="sabr", width=width) for width in (1e-6, 0.3, 1.0))
    assert (tiny <= small + 1e-5).all()
    assert (small <= whole + 1e-5).all()
    assert tiny.mean() > LOSS(model(batch.inputs), batch.label).mean() + 0.01
    torch.testing.assert_close(whole, losses_of(model, batch, name="mtl_ibp", weight=1.0))


def test_both_ends_of_a_box_lose_the_same_activations(batch):
    """An empty box stays empty under dropout, so that its bound is a loss of the thinned network."""
    model = model_of(32, 32, dropout=0.5)
    torch.manual_seed(1)
    bound = worst_logits(model, batch.inputs, batch.inputs, batch.label)
    torch.manual_seed(1)
    logits = model(batch.inputs)
    torch.testing.assert_close(bound, logits - logits.gather(1, batch.label[:, None]))


def test_the_box_grows_during_the_warm_up(batch):
    early, late = (
        losses_of(model_of(8), batch, epoch, name="mtl_ibp", weight=1.0, warm_up=2) for epoch in (0, 2)
    )
    third = losses_of(model_of(8), batch, name="mtl_ibp", weight=1.0, epsilon=EPSILON / 3)
    torch.testing.assert_close(early, third)
    torch.testing.assert_close(late, losses_of(model_of(8), batch, name="mtl_ibp", weight=1.0))


@pytest.mark.parametrize("name", ["mtl_ibp", "sabr"])
def test_a_trained_network_has_provable_bounds_where_a_nominal_one_has_none(name, toy, tmp_path):
    train, validation, rule = toy
    size = {"mtl_ibp": {"weight": 0.5}, "sabr": {"width": 0.5}}[name]
    recipe = {"name": name, "epsilon": 0.1, "warm_up": 1, "steps": 1, "rate": 1.25, **size}
    network = {"name": "mlp", "hidden": [24, 24], "dropout": 0.0}
    proven = {}
    for each in ({"name": "nominal"}, recipe):
        folder = tmp_path / each["name"]
        folder.mkdir()
        model = trained_on(Batch(*train), validation, rule, network, each, folder, rate=0.005, epochs=6).model
        budget = rule.budget(validation.inputs, validation.missing, 0.1)
        worst = worst_logits(model, budget.lower, budget.upper, validation.label)
        proven[each["name"]] = (worst.scatter(1, validation.label[:, None], -1.0) < 0).all(dim=1)
    shares = {key: held.double().mean().item() for key, held in proven.items()}
    assert shares[name] > shares["nominal"] + 0.2


def test_a_network_that_does_not_end_in_a_linear_layer_is_refused(batch, box):
    with pytest.raises(InputError, match="no bounds for a model that ends in ReLU: train linear layers"):
        worst_logits(nn.Sequential(nn.Linear(INPUTS, 3), nn.ReLU()), *box, batch.label)
