"""Networks whose minimum over a box is known by construction: no bound may claim more (arXiv:2605.17153)."""

import pytest
import torch
from tests.bounds import METHODS, crown_bounds, proven_bounds

from robustag.evaluation.certificates import (
    EFFORT,
    AffineLayer,
    Bounds,
    enclosed,
    forward,
    interval_bounds,
    least_leads,
    proven_method,
)

JETS, INPUTS = 12, 5


def noise(*shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.fixture
def box():
    centre = noise(JETS, INPUTS, seed=1)
    radius = noise(JETS, INPUTS, seed=2).abs()
    radius[:, 0] = 0.0  # a frozen input
    return Bounds(centre - radius, centre + radius)


def planted(box, jet, floor, depth, seed):
    """A network whose minimum over the box of one jet is exactly `floor`, at a planted point.

    Each neuron of the first layer is the distance of a random projection from its value at that point, on one
    side; with the other side beside it the pair adds up to an absolute value, which is zero there and nowhere
    below. Further layers add positive multiples, so that no sum of outputs is below the floor.
    """
    share = torch.rand(INPUTS, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    point = box.lower[jet] + share * (box.upper[jet] - box.lower[jet])
    directions = noise(6, INPUTS, seed=seed + 1)
    weight = torch.cat([directions, -directions])
    layers = [AffineLayer(weight, -weight @ point)]
    for layer in range(depth):
        layers.append(AffineLayer(noise(12, 12, seed=seed + 2 + layer).abs(), torch.zeros(12).double()))
    layers.append(AffineLayer(noise(1, 12, seed=seed + 9).abs(), torch.tensor([floor]).double()))
    return layers, point


@pytest.mark.parametrize("jet", [0, 5])
@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_no_bound_is_above_a_planted_minimum(method, depth, jet, box):
    floor = -0.75
    layers, point = planted(box, jet, floor, depth, seed=10 * jet + depth)
    assert forward(layers, point[None]).item() == pytest.approx(floor, abs=1e-9)
    lower = method(layers, box).lower[jet, 0].item()
    assert lower <= floor
    # Every neuron behind the first layer is positive: the lower line 0 of all absolute values is the truth.
    if method is not interval_bounds:
        assert lower == pytest.approx(floor, abs=1e-6), "the plant is found where one line does it"


def test_the_slope_that_proves_a_planted_sign_is_neither_zero_nor_one():
    """``relu(x + 0.2) - relu(x + 1) / 2`` in [-1, 1] is at least -0.4: slope 1/2 says so, 0 and 1 do not."""
    layers = [
        AffineLayer(torch.tensor([[1.0], [1.0]]).double(), torch.tensor([1.0, 0.2]).double()),
        AffineLayer(torch.tensor([[-0.5, 1.0]]).double(), torch.tensor([0.0]).double()),
    ]
    box = Bounds(torch.tensor([[-1.0]]).double(), torch.tensor([[1.0]]).double())
    grid = torch.linspace(-1, 1, 2001).double()[:, None]
    truth = forward(layers, grid).amin().item()
    crown, proven = (method(layers, box).lower.item() for method in (crown_bounds, proven_bounds))
    assert crown < truth - 0.1
    assert truth - 0.05 < proven <= truth + 1e-9


def test_leads_are_lower_bounds_of_the_true_logit_over_each_other(box):
    layers = [
        AffineLayer(noise(8, INPUTS, seed=3), noise(8, seed=4)),
        AffineLayer(noise(3, 8, seed=5), noise(3, seed=6)),
    ]
    label = torch.arange(JETS) % 3
    inside = enclosed(layers, box, EFFORT)
    leads = least_leads(layers, inside, label, proven_method)
    for share in (0.0, 0.3, 1.0):
        logits = forward(layers, box.lower + share * (box.upper - box.lower))
        lead = logits[torch.arange(JETS), label][:, None] - logits
        assert (leads <= lead).all()
    assert (leads[torch.arange(JETS), label] == 0).all()
