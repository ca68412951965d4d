"""A network of bounded weights: how far its logits move, and that its certificate is the closed form."""

import pytest
import torch
from tests.bounds import crown_bounds

from robustag.errors import InputError
from robustag.evaluation.certificates import (
    Bounds,
    affine_layers,
    enclosed,
    forward,
    interval_bounds,
    least_leads,
    proven_method,
)
from robustag.models import build_model, load_model, save_model

NETWORK = {"name": "lipschitz", "hidden": [16, 16], "constant": 7.0}
INPUTS = 9


@pytest.fixture(params=["fresh", "large"])
def model(request):
    """As it starts, and after weights have grown, which scales them down."""
    model = build_model(NETWORK, INPUTS, seed=1).eval()
    if request.param == "large":
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(5.0)
    return model


def jets(seed=1, count=200):
    return torch.randn(count, INPUTS, generator=torch.Generator().manual_seed(seed))


def test_no_logit_moves_further_than_the_constant_times_the_largest_move(model):
    x = jets()
    for seed, size in ((2, 0.01), (3, 0.1), (4, 3.0)):
        move = size * jets(seed).sign()
        moved = (model(x + move) - model(x)).abs().amax(dim=1)
        assert (moved <= 7.0 * size * (1 + 1e-5)).all()
    # The gradient knows the constant, too: in L-infinity it is the sum of its sizes.
    slopes = torch.autograd.functional.jacobian(lambda x: model(x).sum(dim=0), x).abs().sum(dim=2)
    assert slopes.max() <= 7.0 * (1 + 1e-5)


@pytest.mark.parametrize("epsilon", [0.0, 0.05, 1.0])
def test_its_certificate_is_the_closed_form_or_closer(model, epsilon):
    x = jets()
    frozen = torch.rand(x.shape, generator=torch.Generator().manual_seed(5)) < 0.3
    width = epsilon * ~frozen
    box = Bounds((x - width).double(), (x + width).double())
    layers, label = affine_layers(model), torch.arange(len(x)) % 3
    logits = forward(layers, x)
    bounds = crown_bounds(layers, box)
    assert (logits - bounds.lower <= 7.0 * epsilon + 1e-6).all()
    assert (bounds.upper - logits <= 7.0 * epsilon + 1e-6).all()
    leads = least_leads(layers, enclosed(layers, box), label, proven_method)
    clean = logits[torch.arange(len(x)), label][:, None] - logits
    assert (clean - leads <= 14.0 * epsilon + 1e-6).all()
    for share in (0.0, 0.4, 1.0):
        inside = forward(layers, torch.lerp(box.lower, box.upper, share))
        assert (leads <= inside[torch.arange(len(x)), label][:, None] - inside).all()


def test_of_one_bounded_layer_behind_none_the_closed_form_is_reached():
    """With weights of one sign there is a corner at which a logit has moved by its constant times epsilon."""
    model = build_model(NETWORK, INPUTS, seed=1).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.abs())
    x = jets().double()
    layers = affine_layers(model)
    bounds = interval_bounds(layers, Bounds(x - 0.1, x + 0.1))
    torch.testing.assert_close(forward(layers, x + 0.1), bounds.upper, rtol=0, atol=1e-8)
    torch.testing.assert_close(bounds.upper - forward(layers, x), torch.full((200, 3), 0.7).double())


def test_its_layers_say_what_it_says_and_its_file_gives_it_back(model, tmp_path):
    x = jets()
    torch.testing.assert_close(
        forward(affine_layers(model), x).float(), model(x).detach(), rtol=1e-4, atol=1e-4
    )
    card = {"network": NETWORK, "inputs": INPUTS, "classes": 3, "loss": {"name": "cross_entropy"}}
    save_model(tmp_path / "model.safetensors", model, card)
    again, _ = load_model(tmp_path / "model.safetensors")
    assert torch.equal(again(x), model(x))


@pytest.mark.parametrize("change", [{"hidden": []}, {"hidden": [5]}, {"hidden": [0]}, {"constant": 0.0}])
def test_what_cannot_be_sorted_in_pairs_is_refused(change):
    with pytest.raises(InputError, match="give at least one even width of 2 or more"):
        build_model({**NETWORK, **change}, INPUTS, seed=1)
