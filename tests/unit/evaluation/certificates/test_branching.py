"""Branch and bound on networks whose least output is known, and what it does for rates."""

from itertools import pairwise, product

import pytest
import torch

from robustag.evaluation.certificates import (
    EFFORT,
    AffineLayer,
    Bounds,
    branched,
    enclosed,
    forward,
    least_outputs,
    reached,
)

JETS, INPUTS = 10, 4


def noise(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def box():
    centre, radius = noise(JETS, INPUTS, seed=1), noise(JETS, INPUTS, seed=2).abs()
    return Bounds(centre - radius, centre + radius)


@pytest.fixture
def concave():
    """An output that falls with every neuron: it is concave, and least in a corner of the box."""
    first = AffineLayer(noise(7, INPUTS, seed=3), 0.5 * noise(7, seed=4) - 0.5)
    return [first, AffineLayer(-noise(1, 7, seed=5).abs(), torch.tensor([0.3]).double())]


def corners(layers, box):
    """The least output [N] over all corners."""
    shares = torch.tensor(list(product((0.0, 1.0), repeat=INPUTS))).double()
    return torch.stack(
        [forward(layers, box.lower + share * (box.upper - box.lower))[:, 0] for share in shares]
    ).amin(dim=0)


def test_a_planted_minimum_is_reached_and_not_passed(concave, box):
    truth, inside = corners(concave, box), enclosed(concave, box, EFFORT)
    before = least_outputs(concave, inside, EFFORT)[:, 0]
    assert (before < truth - 0.05).any(), "slopes alone know it everywhere"
    found = branched(concave, inside, torch.full_like(truth, torch.inf), EFFORT, nodes=2**9)
    assert (found <= truth).all()
    torch.testing.assert_close(found, truth, rtol=0, atol=1e-6)


def test_with_more_nodes_bounds_come_closer_and_none_passes_the_truth(box):
    """Two hidden layers with weights of both signs: no corner need be the least."""
    layers = [AffineLayer(noise(6, b, seed=b), noise(6, seed=b + 1)) for b in (INPUTS, 6)]
    layers.append(AffineLayer(noise(1, 6, seed=20), torch.tensor([0.0]).double()))
    inside = enclosed(layers, box, EFFORT)
    target = torch.full((JETS,), torch.inf).double()
    bounds = [branched(layers, inside, target, EFFORT, nodes) for nodes in (0, 8, 64)]
    assert torch.equal(bounds[0], least_outputs(layers, inside, EFFORT)[:, 0])
    assert all((more >= less).all() for less, more in pairwise(bounds))
    assert (bounds[2] > bounds[0] + 1e-3).any()
    for seed in range(200):
        share = torch.rand(JETS, INPUTS, generator=torch.Generator().manual_seed(seed)).double()
        x = box.lower + share.round(decimals=seed % 2) * (box.upper - box.lower)
        assert (bounds[2] <= forward(layers, x)[:, 0]).all()
    assert (bounds[2] <= reached(layers, box)).all()


def test_what_has_passed_its_target_is_parted_no_further(concave, box):
    truth, inside = corners(concave, box), enclosed(concave, box, EFFORT)
    before = least_outputs(concave, inside, EFFORT)[:, 0]
    passed = branched(concave, inside, before - 0.01, EFFORT, nodes=2**9)
    assert torch.equal(passed, before)
    halfway = (truth + before) / 2 - 1e-6
    found = branched(concave, inside, halfway, EFFORT, nodes=2**9)
    assert (found >= halfway).all()


def test_a_descent_stays_in_the_box_and_finds_most_of_the_way_to_the_minimum(concave, box):
    truth, found = corners(concave, box), reached(concave, box)
    centre = forward(concave, (box.lower + box.upper) / 2)[:, 0]
    assert (found >= truth - 1e-9).all()
    assert (centre - found).sum() > 0.7 * (centre - truth).sum()
