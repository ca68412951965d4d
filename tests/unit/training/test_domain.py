"""Domain adaptation by gradient reversal, against its definition and on jets with a known answer."""

import math
from itertools import pairwise

import pytest
import torch
from tests.unit.training.conftest import Jets, trained_on
from torch.nn import functional

from robustag.attacks import BudgetRule
from robustag.errors import InputError
from robustag.models import build_model, last_features
from robustag.training import build_loss, build_recipe
from robustag.training.step import Batch, Moment

LOSS = build_loss({"name": "cross_entropy"})
JETS, INPUTS, HALF = 301, 6, 150
RULE = BudgetRule(torch.ones(INPUTS), torch.zeros(INPUTS, dtype=torch.bool), torch.zeros(INPUTS))


@pytest.fixture
def batch():
    """In the variations all inputs are higher by one or by two."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(JETS, INPUTS, generator=generator)
    varied = inputs[:, None] + torch.tensor([1.0, 2.0])[:, None]
    weight = 0.5 + torch.rand(JETS, generator=generator)
    absent = torch.zeros(JETS, INPUTS, dtype=torch.bool)
    return Batch(inputs, absent, torch.arange(JETS) % 3, weight, varied, absent[:, None].expand(-1, 2, -1))


@pytest.fixture
def model():
    return build_model({"name": "mlp", "hidden": [16, 8], "dropout": 0.0}, INPUTS, seed=1).train()


def recipe_of(**changes):
    return build_recipe(
        {"name": "domain", "variations": ["up", "more"], "weight": 1.0, **changes}, LOSS, RULE
    )


def moment(epoch=0):
    return Moment(epoch, torch.Generator().manual_seed(2))


def classified(state, features):
    """The classifier's logits, from the vector of its weights."""
    width = features.shape[1]
    first, bias, last, offset = state["classifier"].split([100 * width, 100, 100, 1])
    return (features @ first.view(100, width).T + bias).relu() @ last + offset


def told(state, model, simulation, data):
    """Mean loss of the classifier, from its definition."""
    with last_features(model) as shown:
        model(simulation), model(data)
    each = [functional.softplus(sign * classified(state, f)) for sign, f in zip((1, -1), shown, strict=True)]
    return torch.cat(each).mean()


def test_no_jet_is_simulation_and_data_and_flavours_are_read_of_simulation_alone(batch, model):
    shown = []
    with model.register_forward_hook(lambda m, args, _: shown.append(args[0].detach())):
        (losses,) = recipe_of()(model, batch, moment())
    assert torch.equal(shown[0][:JETS], batch.inputs)
    moved = (shown[0][JETS:] - batch.inputs[HALF:]).mean(dim=1).round()
    assert len(moved) == JETS - HALF
    assert set(moved.tolist()) == {1.0, 2.0}
    beside = losses - LOSS(model(batch.inputs), batch.label)
    torch.testing.assert_close(beside, beside[:1].expand(JETS))
    blind = batch._replace(label=torch.zeros_like(batch.label), weight=torch.ones(JETS))
    (others,) = recipe_of()(model, blind, moment())
    torch.testing.assert_close(others - LOSS(model(batch.inputs), blind.label), beside)


def gradients(model, batch, at, **changes):
    model.zero_grad()
    (losses,) = [each for each in recipe_of(**changes)(model, batch, at) if each.mean().backward() is None]
    return [parameter.grad.clone() for parameter in model.parameters()], losses


def test_the_reversed_gradient_raises_the_classifiers_loss_below_the_last_layer(batch, model):
    """Of two weights, the difference is that of the gradients of the classifier's own loss, reversed."""
    (once, _), (thrice, _) = (gradients(model, batch, moment(), weight=weight) for weight in (1.0, 3.0))
    at, seen = moment(), []
    with model.register_forward_hook(lambda m, args, _: seen.append(args[0].detach())):
        step = recipe_of()(model, batch, at)
        next(step)
    model.zero_grad()
    told(at.state, model, seen[0][:HALF], seen[0][JETS:]).backward()
    *below, weights, bias = model.parameters()
    for one, three, parameter in zip(once, thrice, below, strict=False):
        torch.testing.assert_close((three - one) / 2, -parameter.grad, rtol=1e-3, atol=1e-6)
    for one, three in zip(once[-2:], thrice[-2:], strict=True):
        assert torch.equal(one, three), "the last layer has its own loss alone"
    assert weights.grad is None
    assert bias.grad is None


def test_the_weight_warms_up(batch, model):
    late = gradients(model, batch, moment(3), weight=1.0, warm_up=3)[0]
    early = gradients(model, batch, moment(1), weight=2.0, warm_up=3)[0]
    for one, other in zip(late, early, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("shuffled", [False, True])
def test_the_classifier_learns_what_can_be_learnt(batch, model, shuffled):
    at = moment()
    for _ in range(150):
        _, losses = gradients(model, batch, at, weight=1e-6, rate=0.01, shuffled=shuffled)
    beside = (losses.detach() - LOSS(model(batch.inputs), batch.label)).mean().item()
    if shuffled:
        assert beside == pytest.approx(math.log(2), abs=0.05)
    else:
        assert beside < 0.4
    assert at.state["classifier steps"].item() == 150


def test_steps_of_the_classifier_are_adams(batch, model):
    """The same steps by the optimiser of torch."""
    at, classifier, optimiser, seen = moment(), None, None, []
    for _ in range(5):
        step = recipe_of(rate=0.01)(model, batch, at)
        with model.register_forward_hook(lambda m, args, _: seen.append(args[0].detach())):
            next(step).mean().backward()
        if classifier is None:
            classifier = at.state["classifier"].clone().requires_grad_()
            optimiser = torch.optim.Adam([classifier], lr=0.01)
        optimiser.zero_grad()
        told({"classifier": classifier}, model, seen[-1][:HALF], seen[-1][JETS:]).backward()
        optimiser.step()
        assert list(step) == []
    torch.testing.assert_close(at.state["classifier"], classifier.detach(), rtol=1e-4, atol=1e-5)


def test_what_it_needs_is_said(batch, model):
    linear = build_model({"name": "linear"}, INPUTS, seed=1)
    with pytest.raises(InputError, match="no hidden layer"):
        next(recipe_of()(linear, batch, moment()))
    with pytest.raises(InputError, match="variations"):
        next(recipe_of()(model, batch._replace(varied=None), moment()))


def shifted_jets(count, seed):
    """Two inputs that tell flavours apart equally well; in data the second one is shifted, b against c."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 3, (count,), generator=generator)
    signal = functional.one_hot(label, 3).float()
    inputs = torch.cat([signal + 0.7 * torch.randn(count, 3, generator=generator) for _ in range(2)], dim=1)
    return inputs, label, inputs + torch.tensor([0.0, 0.0, 0.0, 1.0, -1.0, 0.0])


def trained(recipe, folder):
    inputs, label, data = shifted_jets(6000, seed=1)
    held_out, truth, _ = shifted_jets(600, seed=2)
    absent = torch.zeros(6000, INPUTS, dtype=torch.bool)
    batch = Batch(inputs, absent, label, torch.ones(6000), data[:, None], absent[:, None])
    validation = Jets(held_out, absent[:600], truth, torch.ones(600))
    network = {"name": "mlp", "hidden": [16], "dropout": 0.0}
    return trained_on(batch, validation, RULE, network, recipe, folder, rate=0.005, epochs=20)


ADAPTED = {"name": "domain", "variations": ["shift"], "weight": 10.0}


@pytest.mark.parametrize(
    ("recipe", "least", "most"),
    [({"name": "nominal"}, 0.8, 1.0), (ADAPTED, 0.0, 0.15), (ADAPTED | {"shuffled": True}, 0.8, 1.0)],
    ids=["nominal", "domain", "shuffled"],
)
def test_an_adapted_tagger_stops_using_what_differs_in_data(recipe, least, most, tmp_path):
    """Features that are the same in both domains know nothing of the shift: b minus c moves with the clean
    inputs, and no longer as much with the shifted ones."""
    model = trained(recipe, tmp_path).model
    inputs, label, data = shifted_jets(4000, seed=3)
    with torch.no_grad():
        here, there, clean = (
            (logits[:, 0] - logits[:, 1]).mean()
            for logits in map(model, (inputs, data, inputs + (data - inputs).roll(3, dims=1)))
        )
        right = (model(data).argmax(dim=1) == label).double().mean()
    assert least <= ((there - here) / (clean - here)).item() <= most
    assert (right > 0.78) == (recipe is ADAPTED), "and is the better one on data"


def test_the_tagger_keeps_nothing_of_the_classifier(tmp_path):
    ways = ({"name": "nominal"}, ADAPTED)
    names = [set(trained(way, tmp_path / way["name"]).snapshots["last"].weights) for way in ways]
    assert all(one == other for one, other in pairwise(names))
