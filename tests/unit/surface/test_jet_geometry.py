from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.surfaces import SURFACE

from robustag.surface import jet_geometry
from robustag.surface.geometry import boundary_distance, plane_shape
from robustag.surface.settings import Boundary

ALL = np.arange(60)


@pytest.fixture
def geometry(data, pair, rule):
    """Geometry of chosen jets for a model and a loss."""

    def measure(model, loss, widths=(0.1, 0.1), jets=ALL):
        boundary = Boundary(steps=5, overshoot=0.02)
        settings = replace(SURFACE, lanczos=4, principal=2, boundary=boundary)
        return jet_geometry(model, loss, data, jets, pair("jet_pt", "d0", widths), rule, settings)

    return measure


def test_gradient_norms_of_a_linear_model(linear, cross_entropy, data, geometry):
    """d CE / d x = W^T (softmax(z) - onehot), over inputs that are neither integer nor missing."""
    result = geometry(linear, cross_entropy)
    weight = linear.weight.detach().double().numpy()
    z = data.inputs.double().numpy() @ weight.T + linear.bias.detach().double().numpy()
    residual = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) - np.eye(3)[data.label]
    gradient = residual @ weight
    np.testing.assert_allclose(result["grad_jet_pt"], gradient[:, 0], rtol=1e-10)
    np.testing.assert_allclose(result["grad_d0"], gradient[:, 4], rtol=1e-10)
    moved = np.where(data.missing.numpy(), 0, gradient)
    moved[:, 2] = 0  # "count" is integer
    np.testing.assert_allclose(result["grad_l1"], np.abs(moved).sum(axis=1), rtol=1e-10)
    np.testing.assert_allclose(result["grad_l2"], np.linalg.norm(moved, axis=1), rtol=1e-10)
    np.testing.assert_allclose(result["grad_linf"], np.abs(moved).max(axis=1), rtol=1e-10)
    second, largest = np.sort(np.abs(moved), axis=1)[:, -2:].T
    np.testing.assert_allclose(result["second_share"], second / largest, rtol=1e-10)
    np.testing.assert_allclose(
        result["pair_share"], np.abs(gradient[:, [0, 4]]).sum(axis=1) / largest, rtol=1e-10
    )


def test_first_order_gain_of_an_fgsm_step_is_epsilon_times_l1(linear, cross_entropy, data, geometry):
    epsilon = 1e-6
    result = geometry(linear, cross_entropy)
    model = linear.double()
    x = data.inputs.double().requires_grad_(True)
    before = cross_entropy(model(x), data.label)
    step = torch.autograd.grad(before.sum(), x)[0].sign() * epsilon
    step[data.missing] = 0
    step[:, 2] = 0
    gain = (cross_entropy(model(x + step), data.label) - before).detach().numpy()
    np.testing.assert_allclose(gain, epsilon * result["grad_l1"], rtol=1e-4)


@pytest.mark.parametrize("widths", [(1.0, 1.0), (0.2, 3.0), (0.001, 0.001)])
def test_quadratic_loss_has_its_known_mixed_difference_and_range(identity, data, geometry, widths):
    """L = 2 + 0.7 x y + x^2 - 5 z: the corners give 0.7 times both widths, whatever else varies.

    At widths of 0.001 the mixed difference is 7e-7 of a loss near ten: out of reach of float32.
    """

    def loss(logits, label):
        x, y, z = logits[:, 0], logits[:, 4], logits[:, 5]
        return 2 + 0.7 * x * y + x**2 - 5 * z

    result = geometry(identity, loss, widths)
    np.testing.assert_allclose(result["mixed_difference"], 0.7 * widths[0] * widths[1], rtol=1e-6)
    across, up = (torch.tensor([-width / 2, 0, width / 2], dtype=torch.float64) for width in widths)
    x, y, z = (data.inputs[:, column].double()[:, None] for column in (0, 4, 5))
    x, y = x + across.repeat(3), y + up.repeat_interleave(3)
    plane = 2 + 0.7 * x * y + x**2 - 5 * z
    np.testing.assert_allclose(result["loss_range"], np.ptp(plane.numpy(), axis=1), rtol=1e-6)


def test_independent_inputs_have_no_mixed_difference(identity, geometry):
    result = geometry(identity, lambda z, label: z[:, 0].exp() + z[:, 4].square(), (1.0, 1.0))
    np.testing.assert_allclose(result["mixed_difference"], 0, atol=1e-13)
    assert (result["loss_range"] > 0.01).all()


def test_kink_of_a_relu_inside_the_plane_is_seen(identity, data, geometry):
    """relu(x + y - x0 - y0) centred on the jet: corners 1, 0, 0, 0 times the width; its Hessian is 0 almost
    everywhere."""
    centre = data.inputs[5, [0, 4]].double().sum()
    result = geometry(identity, lambda z, label: torch.relu(z[:, 0] + z[:, 4] - centre), jets=np.array([5]))
    assert result["mixed_difference"][0] == pytest.approx(0.1, rel=1e-6)


def test_ratio_tells_a_diagonal_of_the_plane_from_an_axis(identity, geometry):
    for slopes, widths, expected in (
        ((2, -2), (0.1, 0.1), 1),
        ((4, 1), (0.1, 0.1), 0.25),
        ((4, 1), (0.1, 0.4), 1),
        ((0, 3), (0.1, 0.4), 0),
    ):
        result = geometry(identity, lambda z, label, s=slopes: s[0] * z[:, 0] + s[1] * z[:, 4], widths)
        np.testing.assert_allclose(result["grad_ratio"], expected)
    flat = geometry(identity, lambda z, label: z[:, 1])
    assert flat["grad_ratio"].isna().all()


def test_shape_of_a_plane_without_units():
    """Losses 1, 2 (high y), 4 (high x), 12 (both) at the corners; what is between them does not count."""
    losses = torch.tensor([[1.0, 9.0, 2.0], [9.0, 9.0, 9.0], [4.0, 9.0, 12.0]], dtype=torch.float64)
    shape = plane_shape(torch.stack([losses, 3 * losses]))
    assert {name: value.tolist() for name, value in shape.items()} == {
        "change_x": [pytest.approx((3 + 5) / 2)] * 2,
        "change_y": [pytest.approx((1 + 2) / 2)] * 2,
        "size_x": [pytest.approx(4)] * 2,
        "size_y": [pytest.approx(1.5)] * 2,
        "max_over_min": [pytest.approx(11)] * 2,
    }


def test_rows_name_their_jets(linear, cross_entropy, data, geometry):
    jets = np.array([4, 17, 59])
    result = geometry(linear, cross_entropy, jets=jets)
    np.testing.assert_array_equal(result["jet"], jets)
    np.testing.assert_array_equal(result["label"], data.label[jets])
    everything = geometry(linear, cross_entropy)
    np.testing.assert_allclose(result["loss"], everything["loss"][jets], rtol=1e-12)
    np.testing.assert_allclose(result["loss_range"], everything["loss_range"][jets], rtol=1e-9)


def test_distance_of_a_linear_model_is_its_margin_over_the_slope(linear, cross_entropy, data, rule):
    """The nearest of two borders, each at |z_k - z_true| / |w_k - w_true|_1 over what may move."""
    distance = boundary_distance(linear, cross_entropy, data, rule, steps=3, overshoot=0.02).numpy()
    weight, logits = linear.weight.detach().numpy(), linear(data.inputs).detach().numpy()
    movable = ~data.missing.numpy()
    movable[:, 2] = False  # "count" is integer
    for jet, true in enumerate(data.label.tolist()):
        ways = [
            (logits[jet, true] - logits[jet, k]) / (np.abs(weight[k] - weight[true]) @ movable[jet])
            for k in range(3)
            if k != true
        ]
        if min(ways) < 0:
            assert distance[jet] == 0
        else:
            assert distance[jet] == pytest.approx(1.02 * min(ways), rel=1e-4)


def test_distance_is_infinite_where_there_is_no_border(data, rule):
    flat = torch.nn.Linear(6, 3)
    flat.weight.data.zero_()
    flat.bias.data = torch.tensor([1.0, 0.0, 0.0])
    distance = boundary_distance(flat, None, data, rule, steps=2, overshoot=0.02)
    assert torch.isinf(distance[data.label == 0]).all()
    assert (distance[data.label != 0] == 0).all()


def test_shares_of_principal_directions(identity, data, rule, geometry):
    """A loss that rises along a principal direction of its flavour has all its gradient there, but for what
    counts and missing entries take away."""
    covariance = rule.spread[0].double().clone()
    covariance[2] = covariance[:, 2] = 0.0  # the count
    leading = torch.linalg.eigh(covariance)[1][:, -1]
    last = torch.linalg.eigh(covariance)[1][:, 1]  # the eigenvalue 0 of the count comes first
    jets = np.flatnonzero((data.label == 0) & ~data.missing.any(dim=1))
    for direction, share in ((leading, 1.0), (last, 0.0)):
        result = geometry(
            identity, lambda z, label, d=direction: z.square().mean(1) * 1e-9 + z @ d, jets=jets
        )
        np.testing.assert_allclose(result["gradient_share"], share, atol=1e-6)
    np.testing.assert_allclose(result["chance_share"], 2 / 5, rtol=1e-9)
