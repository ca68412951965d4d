"""Recipes that see the same jets in other detectors."""

import pytest
import torch
from tests.unit.training.conftest import Jets, trained_on

from robustag.attacks import BudgetRule
from robustag.errors import InputError
from robustag.models import build_model
from robustag.training import build_loss, build_recipe
from robustag.training.losses import divergence
from robustag.training.step import Batch, Moment
from robustag.training.varied import within_flavours

LOSS = build_loss({"name": "cross_entropy"})
JETS, INPUTS = 300, 6
NAMES = ["up", "down"]


@pytest.fixture
def rule():
    """The last input is a count."""
    return BudgetRule(torch.ones(INPUTS), torch.arange(INPUTS) == INPUTS - 1, torch.zeros(INPUTS))


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(JETS, INPUTS, generator=generator)
    missing = torch.rand(JETS, INPUTS, generator=generator) < 0.2
    absent = torch.rand(JETS, 2, INPUTS, generator=generator) < 0.2
    varied = inputs[:, None] + torch.tensor([1.0, 2.0])[:, None]
    weight = 0.5 + torch.rand(JETS, generator=generator)
    return Batch(inputs, missing, torch.arange(JETS) % 3, weight, varied, absent)


@pytest.fixture
def model():
    return build_model({"name": "mlp", "hidden": [16], "dropout": 0.0}, INPUTS, seed=1).train()


def moment():
    return Moment(0, torch.Generator().manual_seed(2))


def linear(gradient):
    """A network whose loss has one gradient for all jets."""
    network = torch.nn.Linear(INPUTS, 3, bias=False)
    with torch.no_grad():
        network.weight.copy_(gradient)
    return network


def light_detector():
    """A network that takes the first input for light: whatever moves it up costs b and c jets."""
    return linear(torch.tensor([[0.0] * INPUTS, [0.0] * INPUTS, [1.0] + [0.0] * (INPUTS - 1)]))


def one_step(definition, rule, model, batch, at=None):
    """The losses of a step, and what the model was shown last for it."""
    shown = []
    with model.register_forward_hook(lambda m, args, _: shown.append(args[0].detach())):
        (losses,) = build_recipe(definition, LOSS, rule)(model, batch, at or moment())
    return losses, shown[-1]


def test_a_share_is_measured_by_another_detector(rule, model, batch):
    definition = {"name": "augmented", "variations": NAMES, "share": 0.25}
    losses, shown = one_step(definition, rule, model, batch)
    moves = shown - batch.inputs
    assert torch.equal(moves[75:], torch.zeros(225, INPUTS))
    each = moves[:75].mean(dim=1).round()
    torch.testing.assert_close(moves[:75], each[:, None].expand(75, INPUTS))
    assert 20 < (each == 1).sum() < 55
    assert ((each == 1) | (each == 2)).all()
    torch.testing.assert_close(losses, LOSS(model(shown), batch.label))


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_pair_is_a_jet_and_its_other_measurement(rule, model, batch, shuffled):
    definition = {"name": "paired", "variations": NAMES, "weight": 3.0, "shuffled": shuffled}
    losses, shown = one_step(definition, rule, model, batch)
    own, others = shown.chunk(2)
    assert torch.equal(own, batch.inputs)
    expected = LOSS(model(own), batch.label) + 3.0 * divergence(model(own), model(others))
    torch.testing.assert_close(losses, expected)
    distance = (others[:, None, None] - batch.varied).abs().amax(dim=3).amin(dim=2)
    jet = distance.argmin(dim=1)
    assert (distance.amin(dim=1) < 1e-6).all(), "every partner is a jet of the batch in a variation"
    assert torch.equal(jet, torch.arange(JETS)) == (not shuffled)
    assert torch.equal(batch.label[jet], batch.label)


def test_a_shuffle_within_flavours_is_one():
    label = torch.tensor([0, 2, 1, 0, 0, 2, 1, 0] * 50)
    generator = torch.Generator().manual_seed(1)
    orders = [within_flavours(label, generator) for _ in range(20)]
    for order in orders:
        assert torch.equal(order.sort().values, torch.arange(400))
        assert torch.equal(label[order], label)
    moved = torch.stack([order != torch.arange(400) for order in orders]).double().mean()
    assert moved > 0.97
    assert len({tuple(order.tolist()) for order in orders}) == 20


def test_the_worst_group_gains_weight_and_the_batch_is_their_weighted_mean(rule, batch):
    """Whatever moves the first input up costs b jets: the second variation costs most."""
    batch = batch._replace(label=torch.zeros_like(batch.label))
    at, definition = moment(), {"name": "group_dro", "variations": NAMES, "rate": 2.0}
    for _ in range(3):
        losses, shown = one_step(definition, rule, light_detector(), batch, at)
    shares = at.state["group shares"]
    assert shares.sum().item() == pytest.approx(1.0)
    assert shares[2] > shares[1] > shares[0]
    group = ((shown - batch.inputs).mean(dim=1)).round().long()
    each, w = LOSS(light_detector()(shown), batch.label), batch.weight
    means = torch.stack([(each * w)[group == g].sum() / w[group == g].sum() for g in range(3)])
    objective = (losses * w).sum() / w.sum()
    torch.testing.assert_close(objective, (shares * means).sum())


def test_the_shares_of_one_step_are_the_papers(rule, model, batch):
    at = moment()
    _, shown = one_step({"name": "group_dro", "variations": NAMES, "rate": 0.5}, rule, model, batch, at)
    group = ((shown - batch.inputs).mean(dim=1)).round().long()
    each, w = LOSS(model(shown), batch.label).detach(), batch.weight
    expected = torch.stack(
        [torch.exp(0.5 * (each * w)[group == g].sum() / w[group == g].sum()) for g in range(3)]
    )
    torch.testing.assert_close(at.state["group shares"], expected / expected.sum())


COHERENT = {"name": "coherent", "variations": NAMES, "size": 1.0, "move": "jet", "deviations": [2.0, -4.0]}


@pytest.mark.parametrize("move", ["jet", "mean"])
def test_all_jets_move_by_one_standard_deviation_of_each_nuisance(rule, batch, move):
    gradient = torch.randn(3, INPUTS, generator=torch.Generator().manual_seed(3))
    _, shown = one_step(COHERENT | {"move": move}, rule, linear(gradient), batch)
    moves = shown - batch.inputs
    fixed = batch.varied_missing | batch.missing[:, None] | rule.integer
    # Of the displacements 1 and 2, a half up or down and a half down or up.
    parts = torch.where(fixed, 0.0, torch.tensor([1 / 2, -2 / 4])[:, None])
    candidates = [
        torch.einsum("v,bvf->bf", torch.tensor([float(a), float(b)]), parts) for a in (-1, 1) for b in (-1, 1)
    ]
    assert any(torch.allclose(moves, candidate, atol=1e-5) for candidate in candidates)


def test_the_signs_raise_the_loss_of_the_batch(rule, batch):
    network = light_detector()
    label = torch.zeros_like(batch.label)
    _, shown = one_step(COHERENT, rule, network, batch._replace(label=label))
    moves = (shown - batch.inputs)[:, 0]
    fixed = (batch.varied_missing | batch.missing[:, None])[:, :, 0]
    expected = (~fixed).float() @ torch.tensor([0.5, 0.5])
    torch.testing.assert_close(moves, expected)
    _, shown = one_step(COHERENT, rule, network, batch._replace(label=label + 2))
    torch.testing.assert_close((shown - batch.inputs)[:, 0], -expected)


def test_random_directions_are_no_adversary(rule, batch):
    network = light_detector()
    at, seen = moment(), set()
    for _ in range(40):
        _, shown = one_step(COHERENT | {"direction": "random"}, rule, network, batch, at)
        seen.add(round((shown - batch.inputs)[:, 0].sum().item(), 2))
    assert len(seen) == 4, "all four combinations of two signs"


def test_a_batch_without_variations_is_refused(rule, model, batch):
    lonely = batch._replace(varied=None, varied_missing=None)
    for definition in (COHERENT, {"name": "paired", "variations": NAMES, "weight": 1.0}):
        with pytest.raises(InputError, match="variations"):
            one_step(definition, rule, model, lonely)


def nuisance_jets(count, seed):
    """Two inputs that tell flavours apart equally well; another detector shifts the second one."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 3, (count,), generator=generator)
    signal = torch.nn.functional.one_hot(label, 3).float()
    clean, touched = (signal + 0.7 * torch.randn(count, 3, generator=generator) for _ in range(2))
    inputs = torch.cat([clean, touched], dim=1)
    shift = torch.cat([torch.zeros(3), torch.tensor([0.5, -0.5, 0.0])])
    # Up or down by the jet, so that no offset of the network can undo it.
    way = torch.randint(0, 2, (count, 1), generator=generator) * 2.0 - 1
    return inputs, label, (inputs + way * shift)[:, None]


@pytest.mark.parametrize(("shuffled", "least", "most"), [(False, 0.0, 0.25), (True, 0.55, 0.8)])
def test_pairs_find_the_invariant_solution_and_shuffled_ones_do_not(shuffled, least, most, tmp_path):
    """In the invariant solution the weights of the shifted inputs are zero. Shuffled pairs are apart by the
    noise of two jets in every input, and by the shift in those besides: along b minus c by 1.96 and by
    1.96 + 1, so that a strong penalty makes the weights there 1.96 / 2.96 = 0.66 of the others."""
    inputs, label, varied = nuisance_jets(6000, seed=1)
    one = torch.ones(6000)
    absent = torch.zeros(6000, 6, dtype=torch.bool)
    held_out, truth, _ = nuisance_jets(600, seed=2)
    recipe = {"name": "paired", "variations": ["shift"], "weight": 20.0, "shuffled": shuffled}
    batch = Batch(inputs, absent, label, one, varied, absent[:, None])
    validation = Jets(held_out, torch.zeros(600, 6, dtype=torch.bool), truth, torch.ones(600))
    rule = BudgetRule(torch.ones(6), torch.zeros(6, dtype=torch.bool), torch.zeros(6))
    network = {"name": "linear"}
    trained = trained_on(batch, validation, rule, network, recipe, tmp_path, rate=0.02, epochs=20)
    (weights,) = (parameter for parameter in trained.model.parameters() if parameter.ndim == 2)
    # What matters is the difference of b and c, which the shift moves against each other.
    clean, touched = (weights[0] - weights[1]).detach().split(3)
    assert least <= (touched.norm() / clean.norm()).item() <= most
