import numpy as np
import pytest
import torch

from robustag.surface import weight_surface
from robustag.surface.geometry import boundary_distance
from robustag.surface.weights import filter_direction

OPTIONS = {"jets": 100, "epsilon": 0.1, "width": 1.0, "points": 3, "seed": 1}


def test_directions_have_the_length_of_each_neurons_weights(piecewise):
    direction = filter_direction(piecewise, torch.Generator().manual_seed(1))
    assert direction.keys() == dict(piecewise.named_parameters()).keys()
    for name, weight in piecewise.named_parameters():
        if name.endswith("bias"):
            assert (direction[name] == 0).all()
        else:
            torch.testing.assert_close(direction[name].norm(dim=1), weight.detach().norm(dim=1))


def test_centre_is_the_trained_model_raw_and_attacked(piecewise, cross_entropy, data, rule):
    surface = weight_surface(piecewise, cross_entropy, data, rule, **OPTIONS)
    centre = surface[(surface["delta_x"] == 0) & (surface["delta_y"] == 0)].set_index("perturbation")["loss"]
    x = data.inputs.clone().requires_grad_(True)
    raw = cross_entropy(piecewise(x), data.label)
    step = 0.1 * torch.autograd.grad(raw.sum(), x)[0].sign()
    step[data.missing] = 0
    step[:, 2] = 0
    attacked = cross_entropy(piecewise(data.inputs + step), data.label)
    assert centre["raw"] == pytest.approx(raw.mean().item(), rel=1e-5)
    assert centre["fgsm"] == pytest.approx(attacked.mean().item(), rel=1e-5)
    assert (surface.loc[surface["perturbation"] == "fgsm", "epsilon"] == 0.1).all()


def test_attacked_loss_is_above_the_raw_one_everywhere(linear, cross_entropy, data, rule):
    """A step up the convex loss of a linear model, made anew at every point, always raises it."""
    surface = weight_surface(linear, cross_entropy, data, rule, **OPTIONS)
    wide = surface.pivot(index=["delta_x", "delta_y"], columns="perturbation", values="loss")
    assert len(wide) == 9
    assert (wide["fgsm"] > wide["raw"]).all()


def test_scaling_a_neuron_in_and_out_changes_nothing(piecewise, cross_entropy, data, rule):
    """Twice the weights into a hidden layer of ReLUs and half of those out of it: the same function, and by
    the normalisation the same surface (arXiv:1712.09913)."""
    before = weight_surface(piecewise, cross_entropy, data, rule, **OPTIONS)["loss"]
    with torch.no_grad():
        piecewise[0].weight *= 2
        piecewise[0].bias *= 2
        piecewise[2].weight /= 2
    after = weight_surface(piecewise, cross_entropy, data, rule, **OPTIONS)["loss"]
    np.testing.assert_allclose(after, before, rtol=1e-5)
    assert before.std() > 0.01


def test_the_model_keeps_its_weights(piecewise, cross_entropy, data, rule):
    weights = [weight.clone() for weight in piecewise.parameters()]
    weight_surface(piecewise, cross_entropy, data, rule, **OPTIONS)
    assert all(torch.equal(a, b) for a, b in zip(weights, piecewise.parameters(), strict=True))


def test_dropout_is_off_and_every_part_of_the_model_keeps_its_mode(cross_entropy, data, rule):
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 3)).train()
    model[0].eval()
    before = [part.training for part in model.modules()]
    surface = weight_surface(model, cross_entropy, data, rule, **OPTIONS)
    distance = boundary_distance(model, cross_entropy, data, rule, steps=3, overshoot=0.02)
    assert [part.training for part in model.modules()] == before
    model.eval()
    assert surface.equals(weight_surface(model, cross_entropy, data, rule, **OPTIONS))
    assert distance.equal(boundary_distance(model, cross_entropy, data, rule, steps=3, overshoot=0.02))
