"""Bounds hold everywhere in the box, and are exact where the network is simple enough to know the truth."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from tests.bounds import METHODS, crown_bounds, proven_bounds
from torch import nn

from robustag.errors import InputError
from robustag.evaluation.certificates import (
    EFFORT,
    AffineLayer,
    Bounds,
    Effort,
    affine_layers,
    contrasted,
    enclosed,
    forward,
    interval_bounds,
    least_outputs,
)
from robustag.models import build_model


def random_layers(seed, widths):
    generator = torch.Generator().manual_seed(seed)
    return [
        AffineLayer(
            *(torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((b, a), (b,)))
        )
        for a, b in pairwise(widths)
    ]


def random_box(seed, jets, inputs, size):
    generator = torch.Generator().manual_seed(seed + 1)
    centre = torch.randn(jets, inputs, generator=generator, dtype=torch.float64)
    radius = size * torch.rand(jets, inputs, generator=generator, dtype=torch.float64)
    radius[:, 0] = 0.0  # a frozen input
    return Bounds(centre - radius, centre + radius)


def points(box, seed, number):
    """Uniform points and corners of each box, [number, N, F]."""
    generator = torch.Generator().manual_seed(seed + 2)
    share = torch.rand(number, *box.lower.shape, generator=generator, dtype=torch.float64)
    share[::2] = share[::2].round()
    return box.lower + share * (box.upper - box.lower)


@given(
    seed=st.integers(0, 10_000),
    widths=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    size=st.sampled_from([0.0, 0.01, 0.3, 3.0]),
)
@settings(max_examples=60, deadline=None)
def test_no_point_of_the_box_leaves_the_bounds(seed, widths, size):
    layers, box = random_layers(seed, widths), random_box(seed, 5, widths[0], size)
    bounds = {name: method(layers, box) for name, method in METHODS.items()}
    for x in points(box, seed, 40):
        output = forward(layers, x)
        for found in bounds.values():
            assert (found.lower <= output).all()
            assert (output <= found.upper).all()
    slack = 1e-9 * (1 + bounds["interval"].upper.abs() + bounds["interval"].lower.abs())
    # Better bounds of hidden layers change the lines that begin, so that only intervals are never better.
    for name in ("proven", "crown"):
        assert (bounds[name].lower >= bounds["interval"].lower - slack).all()
        assert (bounds[name].upper <= bounds["interval"].upper + slack).all()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_linear_model_is_bounded_exactly_and_to_the_last_digit_outwards(method):
    layers, box = random_layers(3, [40, 4]), random_box(3, 6, 40, 1.0)
    found = method(layers, box)
    (weight, bias) = (part.tolist() for part in layers[0])
    for jet, output in product(range(6), range(4)):
        ends = list(zip(box.lower[jet].tolist(), box.upper[jet].tolist(), strict=True))
        least = Fraction(bias[output])
        most = Fraction(bias[output])
        for w, (low, high) in zip(weight[output], ends, strict=True):
            values = Fraction(w) * Fraction(low), Fraction(w) * Fraction(high)
            least, most = least + min(values), most + max(values)
        lower, upper = (Fraction(float(side[jet, output])) for side in (found.lower, found.upper))
        assert least - Fraction(1, 10**8) < lower < least
        assert most < upper < most + Fraction(1, 10**8)


def test_rounding_of_a_deep_network_stays_below_the_slack():
    """The network in exact arithmetic, at the single point of an empty box, lies inside the bounds."""
    layers, box = random_layers(5, [12, 8, 8, 8, 2]), random_box(5, 2, 12, 0.0)
    for jet in range(2):
        h = [Fraction(value) for value in box.lower[jet].tolist()]
        for position, (weight, bias) in enumerate(layers):
            h = [max(value, Fraction(0)) for value in h] if position else h
            h = [
                sum((Fraction(w) * value for w, value in zip(row, h, strict=True)), Fraction(b))
                for row, b in zip(weight.tolist(), bias.tolist(), strict=True)
            ]
        for method in METHODS.values():
            found = method(layers, box)
            for output, exact in enumerate(h):
                assert Fraction(float(found.lower[jet, output])) < exact
                assert exact < Fraction(float(found.upper[jet, output]))
                assert found.upper[jet, output] - found.lower[jet, output] < 1e-6


def exact_least(layers, box, jet):
    """The smallest single output over one box: a linear programme for each pattern of active neurons."""
    (w1, b1), (w2, b2), (w3, b3) = ((w.numpy(), b.numpy()) for w, b in layers)
    limits = list(zip(box.lower[jet].tolist(), box.upper[jet].tolist(), strict=True))
    least = np.inf
    for pattern in product((0.0, 1.0), repeat=len(b1) + len(b2)):
        first, second = np.array(pattern[: len(b1)]), np.array(pattern[len(b1) :])
        inner, shift = w2 @ (first[:, None] * w1), w2 @ (first * b1) + b2
        sign1, sign2 = 1 - 2 * first, 1 - 2 * second
        found = linprog(
            (w3 @ (second[:, None] * inner))[0],
            A_ub=np.vstack([sign1[:, None] * w1, sign2[:, None] * inner]),
            b_ub=np.concatenate([-sign1 * b1, -sign2 * shift]),
            bounds=limits,
        )
        if found.success:
            least = min(least, found.fun + (w3 @ (second * shift))[0] + b3[0])
    return least


@pytest.mark.parametrize("size", [0.05, 0.5])
def test_a_tiny_network_is_bracketed_around_the_truth(size):
    layers, box = random_layers(11, [2, 3, 3, 1]), random_box(11, 6, 2, size)
    exact = np.array([exact_least(layers, box, jet) for jet in range(6)])
    loss = {name: exact - method(layers, box).lower[:, 0].numpy() for name, method in METHODS.items()}
    assert all((each > -1e-9).all() for each in loss.values())
    assert loss["crown"].mean() < 0.7 * loss["interval"].mean()
    settled = loss["proven"] < 1e-7
    assert settled.any(), "where no neuron is open the bound is exact"


def test_the_corner_that_misleads_most_is_reached_where_all_neurons_keep_their_sign():
    """Without an open neuron the network is linear in the box, and CROWN knows it."""
    layers, box = random_layers(2, [6, 10, 10, 3]), random_box(2, 8, 6, 1e-5)
    found = crown_bounds(layers, box)
    x = ((box.lower + box.upper) / 2).requires_grad_()
    for output in range(3):
        gradient = torch.autograd.grad(forward(layers, x)[:, output].sum(), x)[0]
        worst = torch.where(gradient > 0, box.lower, box.upper)
        torch.testing.assert_close(
            forward(layers, worst)[:, output], found.lower[:, output], rtol=0, atol=1e-8
        )


def test_better_slopes_close_a_good_part_of_the_gap_of_crown():
    """Between CROWN and the lowest of many points, which is not below the truth."""
    layers, box = random_layers(8, [6, 12, 12, 12, 2]), random_box(8, 30, 6, 0.3)
    found = torch.stack([forward(layers, x) for x in points(box, 8, 2000)]).amin(dim=0)
    crown, proven = (method(layers, box).lower for method in (crown_bounds, proven_bounds))
    assert (proven <= found).all()
    closed = (proven - crown).mean() / (found - crown).mean()
    assert closed > 0.25
    hidden_alone = crown_bounds(layers, box, Effort(hidden=4)).lower
    assert (hidden_alone - crown).mean() > 0.05 * (found - crown).mean()


def test_differences_of_logits_are_bounded_tighter_than_logits():
    layers, box = random_layers(4, [6, 10, 10, 3]), random_box(4, 8, 6, 0.3)
    contrast = torch.tensor([[1.0, 0.0, -1.0]])
    logits, difference = crown_bounds(layers, box), crown_bounds(contrasted(layers, contrast), box)
    assert (difference.lower[:, 0] > logits.lower[:, 0] - logits.upper[:, 2]).all()


def test_each_jet_may_be_asked_for_other_differences_of_logits():
    layers, box = random_layers(4, [6, 10, 10, 3]), random_box(4, 8, 6, 0.3)
    inside = enclosed(layers, box, EFFORT)
    generator = torch.Generator().manual_seed(9)
    contrast = torch.randn(8, 2, 3, generator=generator, dtype=torch.float64)
    together = contrasted(layers, contrast)
    least, interval = least_outputs(together, inside, EFFORT), interval_bounds(together, box)
    for jet in range(8):
        own, there = contrasted(layers, contrast[jet]), inside.rows(torch.tensor([jet]))
        alone = interval_bounds(own, there.box)
        torch.testing.assert_close(least[[jet]], least_outputs(own, there, EFFORT))
        torch.testing.assert_close(interval.lower[[jet]], alone.lower)
        torch.testing.assert_close(interval.upper[[jet]], alone.upper)


def test_what_a_wider_box_settles_makes_no_bound_looser_and_saves_work():
    """Boxes from the widest inwards: bounds hold, and are no wider than those of a box on its own."""
    layers = random_layers(8, [6, 12, 12, 12, 2])
    wide, narrow = random_box(8, 30, 6, 0.3), random_box(8, 30, 6, 0.2)
    inside = enclosed(layers, narrow, EFFORT, enclosed(layers, wide, EFFORT))
    alone = enclosed(layers, narrow, EFFORT)
    for x in points(narrow, 8, 200):
        h = x
        for layer, bounds in zip(layers, inside.hidden, strict=False):
            h = layer.applied(layer.activated(h) if h is not x else h)
            assert (bounds.lower <= h).all()
            assert (h <= bounds.upper).all()
    least, expected = (least_outputs(layers, each, EFFORT) for each in (inside, alone))
    assert (least >= expected - 1e-6).all()
    open_ = [
        sum(((h.lower < 0) & (h.upper > 0)).sum().item() for h in each.hidden) for each in (inside, alone)
    ]
    assert open_[0] <= open_[1]


def test_a_box_that_leaves_the_wider_one_is_refused():
    layers = random_layers(8, [6, 12, 2])
    wide = random_box(8, 5, 6, 0.3)
    shifted = Bounds(wide.lower + 0.01, wide.upper + 0.01)
    with pytest.raises(ValueError, match="give the wider box first"):
        enclosed(layers, shifted, EFFORT, enclosed(layers, wide))


def test_the_layers_of_a_tagger_say_what_it_says():
    model = build_model({"name": "mlp", "hidden": [16, 16], "dropout": 0.3}, 12, seed=1).eval()
    x = torch.randn(20, 12)
    layers = affine_layers(model)
    assert [layer.weight.shape for layer in layers] == [(16, 12), (16, 16), (3, 16)]
    torch.testing.assert_close(forward(layers, x), model(x).double().detach(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (nn.Sequential(nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 3)), "Linear, GELU"),
        (nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3)), "Linear"),
        (nn.Sequential(nn.Linear(4, 3), nn.ReLU()), "Linear, ReLU"),
        (nn.TransformerEncoderLayer(4, 2), "TransformerEncoderLayer"),
        (nn.Sequential(), "nothing"),
    ],
)
def test_what_is_no_relu_network_gets_no_certificate(model, found):
    with pytest.raises(InputError, match=f"no certificate for a model of {found}: use linear layers"):
        affine_layers(model)
