import numpy as np
import pytest
import torch

from robustag.surface import Landscape
from robustag.surface.stability import step_stability

EPSILON = 0.25  # exact in binary


def stability(model, loss, data, rule):
    landscape = Landscape(model, loss)
    jets = landscape.place(data.inputs), data.missing, data.label
    ((epsilon, table),) = step_stability(landscape, *jets, rule, [EPSILON])
    assert epsilon == EPSILON
    return table


def test_quadratic_loss_has_its_closed_forms(identity, data, rule):
    """L = x A x / 2 + b x, with delta = epsilon sign(A x + b) where something may move."""
    root = torch.randn(6, 6, generator=torch.Generator().manual_seed(1)).double()
    a = root @ root.T
    b = torch.randn(6, generator=torch.Generator().manual_seed(2)).double()
    result = stability(identity, lambda z, label: ((z @ a) * z).sum(1) / 2 + z @ b, data, rule)
    x = data.inputs.double()
    movable = ~data.missing
    movable[:, 2] = False
    gradient = (x @ a + b) * movable
    delta = EPSILON * gradient.sign()
    bend = ((delta @ a) * delta).sum(1)
    first = (delta * gradient).sum(1)
    behind = ((x + delta) @ a + b) * movable
    cosine = torch.nn.functional.cosine_similarity(gradient, behind)
    np.testing.assert_allclose(result["gain"], first + bend / 2, rtol=1e-9)
    np.testing.assert_allclose(result["linearity_error"], bend.abs() / 2 / first, rtol=1e-9)
    np.testing.assert_allclose(result["step_curvature"], bend / delta.square().sum(1), rtol=1e-9)
    np.testing.assert_allclose(result["gradient_cosine"], cosine, rtol=1e-9)
    kept = ((gradient.sign() == behind.sign()) & movable).sum(1) / movable.sum(1)
    np.testing.assert_allclose(result["sign_agreement"], kept, rtol=1e-6)
    assert result["sign_agreement"].min() < 1


def test_a_linear_loss_is_stable(identity, data, rule):
    result = stability(identity, lambda z, label: z @ torch.arange(1.0, 7.0).double(), data, rule)
    np.testing.assert_allclose(result[["gradient_cosine", "sign_agreement"]], 1.0)
    np.testing.assert_allclose(result[["linearity_error", "step_curvature"]], 0.0, atol=1e-12)


def test_no_slope_has_no_direction(identity, data, rule):
    result = stability(identity, lambda z, label: z[:, 2], data, rule)  # the count alone
    assert result.isna().all(axis=None)


def test_kink_of_a_relu_counts(identity, data, rule):
    """|x - x0 - epsilon / 2| turns half way along the step down: no gain, and the sign flips."""
    centre = data.inputs[:, 0].double() + EPSILON / 2
    result = stability(identity, lambda z, label: -(z[:, 0] - centre).abs(), data, rule)
    np.testing.assert_allclose(result["gain"], 0, atol=1e-12)
    np.testing.assert_allclose(result["linearity_error"], 1)
    np.testing.assert_allclose(result["gradient_cosine"], -1)
    assert (result["sign_agreement"] == 0).all()
    assert result["step_curvature"].to_numpy() == pytest.approx(-2 / EPSILON)


def test_steps_of_many_sizes_look_at_clean_jets_once(identity, data, rule):
    shown = []

    def loss(z, label):
        shown.append(z.detach())
        return z.square().sum(dim=1)

    landscape = Landscape(identity, loss)
    inputs = landscape.place(data.inputs)
    tables = dict(step_stability(landscape, inputs, data.missing, data.label, rule, [EPSILON, 1.0]))
    assert [torch.equal(z, inputs) for z in shown] == [True, False, False]
    assert (tables[1.0]["gain"] > tables[EPSILON]["gain"]).all()
