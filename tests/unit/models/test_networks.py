import math

import pytest
import torch
from torch import nn

from robustag.errors import InputError
from robustag.evaluation.certificates import Bounds, affine_layers
from robustag.models import Inputs, build_model, last_features
from robustag.models.dropout import ReluDropout, shared_dropout

PAPER = {"name": "mlp", "hidden": [100, 100, 100, 100, 100], "dropout": 0.1}


def test_the_papers_network_has_59203_parameters():
    model = build_model(PAPER, 184, 3, seed=0)
    assert sum(parameter.numel() for parameter in model.parameters()) == 59_203


def test_the_linear_network_is_linear():
    model = build_model({"name": "linear"}, 184, seed=0)
    x, y = torch.randn(2, 50, 184)
    assert torch.allclose(model(x) + model(y), 2 * model((x + y) / 2), atol=1e-5)
    assert sum(parameter.numel() for parameter in model.parameters()) == 3 * 185


def test_a_card_needs_more_than_the_number_of_inputs():
    with pytest.raises(InputError, match="nothing says which inputs those are: build it"):
        Inputs(3).card()


def test_dropout_follows_every_hidden_layer_but_the_last():
    kinds = [type(layer).__name__ for layer in build_model(PAPER, 184, seed=0)]
    assert kinds == ["Linear", "ReluDropout"] * 4 + ["Linear", "ReLU", "Linear"]


def test_the_last_features_are_what_the_logits_are_made_of():
    model, x = build_model(PAPER, 184, seed=0).eval(), torch.randn(2, 50, 184)
    with last_features(model) as shown:
        logits = [model(part) for part in x]
    assert [features.shape for features in shown] == [(50, 100)] * 2
    for features, expected in zip(shown, logits, strict=True):
        torch.testing.assert_close(model[-1](features), expected)
    model(x[0])
    assert len(shown) == 2, "nobody listens any more"


def test_a_linear_network_has_no_hidden_layer():
    with (
        pytest.raises(InputError, match="no hidden layer"),
        last_features(build_model({"name": "linear"}, 3, seed=0)),
    ):
        pass


def test_models_return_logits():
    logits = build_model(PAPER, 184, seed=0)(torch.randn(50, 184))
    assert logits.shape == (50, 3)
    assert (logits < 0).any()


def test_the_seed_decides_the_weights_and_nothing_else_does():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = build_model(PAPER, 184, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    same, other = build_model(PAPER, 184, seed=5), build_model(PAPER, 184, seed=6)
    assert torch.equal(first[0].weight, same[0].weight)
    assert not torch.equal(first[0].weight, other[0].weight)


def test_weights_for_bounds_keep_a_box_as_wide_as_it_was_and_the_usual_ones_do_not():
    x = torch.randn(400, 100, generator=torch.Generator().manual_seed(8)).double()
    for initial, least, most in (("interval", 0.9, 1.2), ("uniform", 30.0, math.inf)):
        network = {"name": "mlp", "hidden": [100] * 4, "dropout": 0.0, "initial": initial}
        layers = affine_layers(build_model(network, 100, seed=2))
        bounds = Bounds(x - 0.01, x + 0.01)
        for position, layer in enumerate(layers[:-1]):
            bounds = (bounds.activated(layer) if position else bounds).through(layer)
        behind = bounds.activated(layers[-1])
        assert least < (behind.upper - behind.lower).mean() / 0.02 < most


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"name": "resnet"}, "unknown network 'resnet': use one of linear, lipschitz, mlp, set_transformer"),
        ({}, "unknown network"),
        ({**PAPER, "width": 3}, "width"),
        ({"name": "mlp", "hidden": [4]}, "dropout"),
        ({**PAPER, "hidden": []}, "at least one width"),
        ({**PAPER, "hidden": [4, 0]}, "at least one width"),
        ({**PAPER, "dropout": 1.0}, "probability"),
    ],
)
def test_a_wrong_definition_is_refused(network, message):
    with pytest.raises(InputError, match=message):
        build_model(network, 4, seed=0)


@pytest.mark.parametrize("shape", [(1000, 100), (333, 7), (3, 5)])
def test_dropout_zeroes_its_share_and_keeps_the_mean(shape):
    torch.manual_seed(3)
    layer = ReluDropout(0.1)
    draws = torch.stack([layer(torch.ones(shape)) for _ in range(200_000 // (shape[0] * shape[1]) + 1)])
    count = draws.numel()
    dropped = (draws == 0).double().mean().item()
    assert dropped == pytest.approx(0.1, abs=5 * (0.09 / count) ** 0.5)
    assert draws[draws > 0].unique().numel() == 1
    assert draws.max().item() == pytest.approx(1 / 0.9, rel=2e-5)


def test_dropout_drops_neighbours_and_jets_independently():
    torch.manual_seed(4)
    kept = (ReluDropout(0.5)(torch.ones(100_000, 8)) > 0).double() - 0.5
    correlation = kept.T @ kept / len(kept) * 4
    assert (correlation - torch.eye(8)).abs().max() < 5 / len(kept) ** 0.5
    assert (kept[1:] * kept[:-1]).mean().abs() * 4 < 5 / kept.numel() ** 0.5


def test_dropout_passes_the_gradient_of_what_it_kept():
    x = torch.ones(64, 10, requires_grad=True)
    kept = ReluDropout(0.3)(x)
    kept.sum().backward()
    assert torch.equal(x.grad, kept.detach())


def test_dropout_rectifies_first_and_hides_no_nan():
    x = torch.tensor([[-1.0, 2.0, torch.nan, 0.0]]).expand(500, 4)
    out = ReluDropout(0.5)(x)
    assert (out[:, [0, 3]] == 0).all()
    assert set(out[:, 1].tolist()) == {0.0, 4.0}
    assert out[:, 2].isnan().any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_copies_of_a_batch_lose_the_same(dtype):
    layer, x = ReluDropout(0.4), torch.ones(30, 7, dtype=dtype)
    model = nn.Sequential(layer)
    with shared_dropout(model, 3):
        first, *others = model(torch.cat([x, 2 * x, 5 * x])).chunk(3)
    assert first.unique().numel() == 2
    for size, other in zip((2, 5), others, strict=True):
        torch.testing.assert_close(other, size * first)
    assert not torch.equal(*model(torch.cat([x, x])).chunk(2))


def test_dropout_takes_the_same_draws_in_any_precision():
    drawn = []
    for dtype in (torch.float32, torch.float64):
        torch.manual_seed(2)
        drawn.append(ReluDropout(0.3)(torch.ones(40, 9, dtype=dtype)) > 0)
    assert torch.equal(*drawn)


def test_a_second_derivative_passes_through_dropout():
    """Of the cubes of what comes out: 6 gain^2 times it."""
    x = torch.randn(64, 10, requires_grad=True)
    kept = ReluDropout(0.3)(x)
    (first,) = torch.autograd.grad(kept.pow(3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    gain = 65536 / (65536 - round(0.3 * 65536))
    torch.testing.assert_close(first, 3 * kept**2 * gain)
    torch.testing.assert_close(second, 6 * kept * gain**2)


def test_dropout_is_off_in_evaluation_mode():
    x = torch.randn(20, 5)
    assert torch.equal(ReluDropout(0.5).eval()(x), x.relu())
    assert torch.equal(ReluDropout(0.0)(x), x.relu())


def test_dropout_agrees_with_torch_in_the_mean_of_a_network():
    torch.manual_seed(5)
    weight, x = torch.randn(3, 50), torch.randn(1, 50).expand(200_000, 50)
    layers = ReluDropout(0.2), nn.Sequential(nn.ReLU(), nn.Dropout(0.2))
    ours, theirs = (layer(x) @ weight.T for layer in layers)
    spread = theirs.std(dim=0) / len(x) ** 0.5
    assert ((ours.mean(dim=0) - theirs.mean(dim=0)).abs() < 8 * spread).all()
    assert ours.std(dim=0) == pytest.approx(theirs.std(dim=0), rel=0.02)
