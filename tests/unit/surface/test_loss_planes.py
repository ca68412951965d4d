import numpy as np
import pytest
import torch

from robustag.errors import InputError
from robustag.surface import Landscape
from robustag.surface.directions import Plane
from robustag.surface.planes import (
    attack_paths,
    input_plane,
    loss_planes,
    mean_plane,
    projected_paths,
    with_physical_units,
)
from robustag.surface.settings import InputPair, ScaledPair
from robustag.training.losses import build_loss


def cross_entropy_at(model, x, label):
    """-ln softmax(W x + c)[label] in numpy."""
    z = model.weight.detach().double().numpy() @ x + model.bias.detach().double().numpy()
    return np.log(np.exp(z).sum()) - z[label]


def planes_of(model, loss, data, columns, widths, points):
    landscape = Landscape(model, loss)
    inputs = landscape.place(data.inputs)
    plane = input_plane(inputs, ScaledPair(("a", "b"), columns, widths))
    return loss_planes(landscape, inputs, data.label, plane, points)


@pytest.mark.parametrize("columns", [(0, 1), (3, 5), (5, 2)])
def test_plane_of_a_linear_model_is_its_softmax_loss(linear, cross_entropy, data, columns):
    """Any pair in any order: only these two inputs move, the others stay in their columns."""
    planes = planes_of(linear, cross_entropy, data.select(slice(4)), columns, widths=(2.0, 0.4), points=5)
    assert planes.shape == (4, 5, 5)
    for jet in range(4):
        for i, dx in enumerate((-1, -0.5, 0, 0.5, 1)):
            for j, dy in enumerate((-0.2, -0.1, 0, 0.1, 0.2)):
                x = data.inputs[jet].double().numpy().copy()
                x[columns[0]] += dx
                x[columns[1]] += dy
                expected = cross_entropy_at(linear, x, int(data.label[jet]))
                assert planes[jet, i, j].item() == pytest.approx(expected, rel=1e-12)


def test_plane_along_directions_of_each_jet(linear, cross_entropy, data):
    landscape = Landscape(linear, cross_entropy)
    inputs = landscape.place(data.inputs)
    generator = torch.Generator().manual_seed(9)
    along = tuple(torch.randn(60, 6, generator=generator, dtype=torch.float64) for _ in range(2))
    planes = loss_planes(landscape, inputs, data.label, Plane("any", ("u", "v"), along, (2.0, 2.0)), 3)
    for jet in (0, 31, 59):
        for i, j in ((0, 0), (0, 2), (1, 1), (2, 1)):
            x = inputs[jet] + (i - 1) * along[0][jet] + (j - 1) * along[1][jet]
            expected = cross_entropy_at(linear, x.numpy(), int(data.label[jet]))
            assert planes[jet, i, j].item() == pytest.approx(expected, rel=1e-12)


def test_chunks_do_not_show(linear, cross_entropy, data, monkeypatch):
    landscape = Landscape(linear, cross_entropy)
    whole = planes_of(linear, cross_entropy, data, (0, 1), (1.0, 1.0), 7)
    steepness = landscape.gradient(landscape.place(data.inputs), data.label)
    for module in ("landscape", "planes"):
        monkeypatch.setattr(f"robustag.surface.{module}.jets_at_a_time", lambda device: 17)
    torch.testing.assert_close(
        planes_of(linear, cross_entropy, data, (0, 1), (1.0, 1.0), 7), whole, rtol=1e-13, atol=0
    )
    again = landscape.gradient(landscape.place(data.inputs), data.label)
    torch.testing.assert_close(again, steepness, rtol=1e-12, atol=1e-15)


def test_the_model_is_left_as_it_was(cross_entropy, data):
    """Dropout is off on the copy; the caller's model keeps its mode, precision and gradients."""
    model = torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.Dropout(0.5)).train()
    planes = [planes_of(model, cross_entropy, data, (0, 1), (1.0, 1.0), 3) for _ in range(2)]
    torch.testing.assert_close(planes[0], planes[1], rtol=0, atol=0)
    assert model.training
    assert all(p.dtype == torch.float32 and p.requires_grad for p in model.parameters())


def test_mean_plane_is_the_mean_over_jets(linear, cross_entropy, data, pair):
    landscape = Landscape(linear, cross_entropy)
    inputs = landscape.place(data.inputs)
    plane = input_plane(inputs, pair("mass", "jet_eta", (1.0, 2.0)))
    result = mean_plane(landscape, inputs, data.label, plane, 5)
    assert list(result) == ["kind", "feature_x", "feature_y", "delta_x", "delta_y", "loss"]
    assert result.iloc[0, :3].tolist() == ["inputs", "mass", "jet_eta"]
    single = loss_planes(landscape, inputs, data.label, plane, 5).mean(dim=0)
    at = result.set_index(["delta_x", "delta_y"])["loss"]
    assert at[-0.5, 0.5] == pytest.approx(single[0, 3].item())
    assert at[0.5, -1.0] == pytest.approx(single[4, 0].item())


def test_physical_units_of_inputs_and_sigma_of_other_directions(data, table, normalisation):
    """A width of 6 in units of an input whose sigma is 4 is a plane from 3 below the jet to 3 above it."""
    pair = InputPair(("mass", "jet_eta"), (6.0, 1.0)).scaled(table, normalisation)
    plane = input_plane(data.inputs[11:12].double(), pair)
    landscape = Landscape(torch.nn.Linear(6, 3), torch.nn.CrossEntropyLoss(reduction="none"))
    result = mean_plane(landscape, data.inputs[11:12].double(), data.label[11:12], plane, 5)
    centre = data.inputs[11].numpy()
    physical = with_physical_units(result, centre, normalisation)
    np.testing.assert_allclose(physical["x"], 3 + 4 * (centre[3] + result["delta_x"]))  # mean 3, sigma 4
    np.testing.assert_allclose(physical["y"], 1 + 2 * (centre[1] + result["delta_y"]))  # mean 1, sigma 2
    assert physical["x"].max() - physical["x"].min() == pytest.approx(6.0)
    assert physical["y"].max() - physical["y"].min() == pytest.approx(1.0)
    aligned = with_physical_units(result.assign(feature_x="gradient"), centre, normalisation)
    np.testing.assert_array_equal(aligned["x"], result["delta_x"])


def test_paths_of_attacks_keep_the_budget_and_climb(piecewise, cross_entropy, data, rule):
    """FGSM ends in the corner that the gradient points at; PGD of one full step is FGSM; no path moves counts
    or missing entries."""
    landscape = Landscape(piecewise, cross_entropy)
    budget = rule.budget(landscape.place(data.inputs), data.missing, 0.1)
    paths = attack_paths(landscape, data.label, budget, steps=8, rate=2.0)
    assert len(paths["pgd"]) == 9
    for points in paths.values():
        for point in points:
            assert not budget.outside(point).any()
            assert torch.equal(point[:, 2], budget.origin[:, 2])
            assert torch.equal(point[data.missing], budget.origin[data.missing])
    losses = [landscape.value(point, data.label).mean() for point in paths["pgd"]]
    assert losses[-1] > losses[0]
    single = attack_paths(landscape, data.label, budget, steps=1, rate=1.0)
    torch.testing.assert_close(single["pgd"][-1], paths["fgsm"][-1])


def test_projected_paths_are_mean_moves_along_the_directions(linear, cross_entropy, data, rule, pair):
    landscape = Landscape(linear, cross_entropy)
    inputs = landscape.place(data.inputs)
    budget = rule.budget(inputs, data.missing, 0.1)
    paths = attack_paths(landscape, data.label, budget, steps=2, rate=1.0)
    shown = projected_paths(landscape, data.label, input_plane(inputs, pair("jet_pt", "d0")), paths)
    fgsm = shown[shown["attack"] == "fgsm"]
    assert fgsm["step"].tolist() == [0, 1]
    move = (paths["fgsm"][1] - inputs).mean(dim=0)
    assert fgsm[["delta_x", "delta_y"]].to_numpy()[0].tolist() == [0, 0]
    assert fgsm["delta_x"].iloc[1] == pytest.approx(move[0].item())
    assert fgsm["delta_y"].iloc[1] == pytest.approx(move[4].item())
    assert fgsm["loss"].iloc[1] == pytest.approx(landscape.value(paths["fgsm"][1], data.label).mean().item())


def test_impossible_planes_are_refused(linear, cross_entropy, data, pair):
    with pytest.raises(InputError, match="two different inputs, got 'jet_eta' twice"):
        input_plane(data.inputs, pair("jet_eta", "jet_eta"))
    with pytest.raises(InputError, match="jet_mass"):
        pair("jet_mass", "jet_eta")
    with pytest.raises(InputError, match="at least 2 points"):
        planes_of(linear, cross_entropy, data, (0, 1), (1.0, 1.0), 1)


def test_the_tiny_losses_of_the_study_keep_their_precision(linear, data):
    """gamma = 25 behind two softmaxes gives a confident jet a loss below 1e-8; its differences on a plane of
    1e-4 sigma must follow the gradient."""
    loss = build_loss({"name": "double_softmax_focal", "gamma": 25})
    landscape = Landscape(linear, loss)
    jet = int(landscape.value(landscape.place(data.inputs), data.label).argmin())
    one = data.select(slice(jet, jet + 1))
    x = planes_of(linear, loss, one, (0, 1), (1e-4, 1e-4), 3)[0]
    gradient = landscape.gradient(landscape.place(one.inputs), one.label)[0]
    assert x.max() < 1e-8
    assert (x[2, 1] - x[0, 1]).item() / 1e-4 == pytest.approx(gradient[0].item(), rel=1e-6)
    assert (x[1, 2] - x[1, 0]).item() / 1e-4 == pytest.approx(gradient[1].item(), rel=1e-6)
