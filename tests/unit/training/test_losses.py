import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from robustag.errors import InputError
from robustag.training import build_loss

FAITHFUL = {"name": "double_softmax_focal", "gamma": 25.0}


def logits_of(probabilities):
    """Logits whose softmax is what is given; a zero becomes e^-200."""
    return torch.tensor([probabilities]).clamp(min=math.exp(-80)).log()


@pytest.mark.parametrize(
    ("probabilities", "value", "digits"),
    [
        ((1.0, 0.0, 0.0), 2.6e-10, 2),
        ((0.9, 0.05, 0.05), 2.4e-9, 2),
        ((0.5, 0.5, 0.0), 5.3e-6, 2),
        ((1 / 3, 1 / 3, 1 / 3), 4.35e-5, 3),
        ((0.0, 1.0, 0.0), 4.0e-3, 2),
    ],
)
def test_the_papers_loss_has_its_values(probabilities, value, digits):
    loss = build_loss(FAITHFUL)(logits_of(probabilities), torch.tensor([0])).item()
    assert float(f"{loss:.{digits - 1}e}") == pytest.approx(value)


def reference(logits, label, gamma, softmaxes):
    """The formula, in float64 and step by step."""
    for _ in range(softmaxes):
        logits = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = logits[np.arange(len(label)), label]
    return (1 - p) ** gamma * -np.log(p)


@pytest.mark.parametrize(
    ("definition", "gamma", "softmaxes"),
    [
        ({"name": "cross_entropy"}, 0, 1),
        ({"name": "focal", "gamma": 0}, 0, 1),
        ({"name": "focal", "gamma": 2}, 2, 1),
        (FAITHFUL, 25, 2),
        ({"name": "double_softmax_focal", "gamma": 2.5}, 2.5, 2),
    ],
)
def test_losses_are_their_formulas_for_each_jet(definition, gamma, softmaxes):
    rng = np.random.default_rng(1)
    logits, label = rng.normal(0, 2, (500, 3)), rng.integers(0, 3, 500)
    loss = build_loss(definition)(torch.tensor(logits, dtype=torch.float32), torch.tensor(label))
    expected = reference(logits, label, gamma, softmaxes)
    assert loss.shape == (500,)
    np.testing.assert_allclose(loss.numpy(), expected, rtol=2e-4, atol=1e-9)


@pytest.mark.parametrize(
    "definition",
    [{"name": "cross_entropy"}, {"name": "focal", "gamma": 2}, {"name": "focal", "gamma": 25}, FAITHFUL],
    ids=str,
)
def test_losses_and_gradients_stay_finite_for_extreme_logits(definition):
    logits = torch.tensor([[200.0, 0, -200], [-200, 0, 200], [0, 0, 0]], requires_grad=True)
    loss = build_loss(definition)(logits, torch.tensor([0, 0, 0]))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(logits.grad).all()
    assert loss[1] > loss[2] > loss[0]


def test_a_small_focal_loss_is_not_lost_to_rounding():
    """1 - p from p in float32 would be 0 or 1.2e-7 here; gamma 1 shows it plainly."""
    logits = torch.tensor([[16.5, 0.0, 0.0]])
    rest = 2 * math.exp(-16.5) / (1 + 2 * math.exp(-16.5))
    found = build_loss({"name": "focal", "gamma": 1})(logits, torch.tensor([0])).item()
    assert found == pytest.approx(rest * rest, rel=0.15)
    assert found > 0


def test_gamma_zero_is_cross_entropy():
    logits, label = torch.randn(50, 3), torch.randint(0, 3, (50,))
    found = build_loss({"name": "focal", "gamma": 0})(logits, label)
    torch.testing.assert_close(found, functional.cross_entropy(logits, label, reduction="none"))


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"name": "hinge"}, "unknown loss 'hinge': use one of cross_entropy"),
        ({"name": "focal"}, "gamma"),
        ({"name": "cross_entropy", "gamma": 2}, "gamma"),
    ],
)
def test_a_wrong_definition_is_refused(definition, message):
    with pytest.raises(InputError, match=message):
        build_loss(definition)


@pytest.mark.parametrize("gamma", [-1, 0.5])
def test_a_gamma_without_a_finite_gradient_is_refused(gamma):
    with pytest.raises(InputError, match="at least 1"):
        build_loss({"name": "focal", "gamma": gamma})(torch.zeros(1, 3), torch.tensor([0]))
