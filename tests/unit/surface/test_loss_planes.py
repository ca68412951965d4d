import numpy as np
import pytest
import torch

from robustag.errors import InputError
from robustag.surface import Landscape, confident_jet, loss_planes, plane_table
from robustag.training.losses import build_loss


def cross_entropy_at(model, x, label):
    """-ln softmax(W x + c)[label] in numpy."""
    z = model.weight.detach().double().numpy() @ x + model.bias.detach().double().numpy()
    return np.log(np.exp(z).sum()) - z[label]


@pytest.mark.parametrize("columns", [(0, 1), (3, 5), (5, 2)])
def test_plane_of_a_linear_model_is_its_softmax_loss(linear, cross_entropy, data, columns):
    """Any pair in any order: only these two inputs move, the others stay in their columns."""
    landscape = Landscape(linear, cross_entropy)
    planes = loss_planes(landscape, data.inputs[:4], data.label[:4], columns, width=2.0, points=5)
    assert planes.shape == (4, 5, 5)
    for jet in range(4):
        for i, dx in enumerate((-1, -0.5, 0, 0.5, 1)):
            for j, dy in enumerate((-1, -0.5, 0, 0.5, 1)):
                x = data.inputs[jet].double().numpy().copy()
                x[columns[0]] += dx
                x[columns[1]] += dy
                expected = cross_entropy_at(linear, x, int(data.label[jet]))
                assert planes[jet, i, j].item() == pytest.approx(expected, rel=1e-12)


def test_chunks_do_not_show(linear, cross_entropy, data, monkeypatch):
    landscape = Landscape(linear, cross_entropy)
    whole = loss_planes(landscape, data.inputs, data.label, (0, 1), 1.0, 7)
    steepness = landscape.gradient(landscape.place(data.inputs), data.label)
    monkeypatch.setattr("robustag.surface.landscape.CHUNK", 17)
    torch.testing.assert_close(
        loss_planes(landscape, data.inputs, data.label, (0, 1), 1.0, 7), whole, rtol=1e-13, atol=0
    )
    again = landscape.gradient(landscape.place(data.inputs), data.label)
    torch.testing.assert_close(again, steepness, rtol=1e-12, atol=1e-15)


def test_the_model_is_left_as_it_was(cross_entropy, data):
    """Dropout is off on the copy; the caller's model keeps its mode, precision and gradients."""
    model = torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.Dropout(0.5)).train()
    landscape = Landscape(model, cross_entropy)
    planes = [loss_planes(landscape, data.inputs, data.label, (0, 1), 1.0, 3) for _ in range(2)]
    torch.testing.assert_close(planes[0], planes[1], rtol=0, atol=0)
    assert model.training
    assert all(p.dtype == torch.float32 and p.requires_grad for p in model.parameters())


def test_table_gives_physical_and_scaled_coordinates(linear, cross_entropy, data, table, normalisation):
    plane = plane_table(
        linear, cross_entropy, data, 11, ("mass", "jet_eta"), table, normalisation, width=1.0, points=5
    )
    assert list(plane.columns[:7]) == ["feature_x", "feature_y", "x", "delta_x", "y", "delta_y", "loss"]
    assert set(plane["feature_x"]) == {"mass"}
    assert set(plane["feature_y"]) == {"jet_eta"}
    mass, eta = float(data.inputs[11, 3]), float(data.inputs[11, 1])
    np.testing.assert_allclose(plane["x"], 3 + 4 * (mass + plane["delta_x"]))  # mean 3, sigma 4
    np.testing.assert_allclose(plane["y"], 1 + 2 * (eta + plane["delta_y"]))  # mean 1, sigma 2
    assert sorted(set(plane["delta_x"])) == [-0.5, -0.25, 0, 0.25, 0.5]
    for row in plane.itertuples():
        x = data.inputs[11].double().numpy().copy()
        x[3] += row.delta_x
        x[1] += row.delta_y
        assert row.loss == pytest.approx(cross_entropy_at(linear, x, 2), rel=1e-12)


def test_step_points_uphill_and_is_zero_where_the_loss_is_flat(identity, data, table, normalisation):
    def loss(logits, label):
        return 5 - 3 * logits[:, 0] + 0.5 * logits[:, 3]

    def step(x, y):
        plane = plane_table(identity, loss, data, 0, (x, y), table, normalisation, 1.0, 3)
        assert (plane.nunique()[["gradient_x", "gradient_y", "step_x", "step_y"]] == 1).all()
        first = plane.iloc[0]
        return first["gradient_x"], first["gradient_y"], first["step_x"], first["step_y"]

    assert step("jet_pt", "mass") == pytest.approx((-3, 0.5, -1, 1))
    assert step("d0", "jet_pt") == pytest.approx((0, -3, 0, -1))


def test_impossible_planes_are_refused(linear, cross_entropy, data, table, normalisation):
    landscape = Landscape(linear, cross_entropy)
    with pytest.raises(InputError, match="two different inputs"):
        loss_planes(landscape, data.inputs, data.label, (1, 1), 1.0, 5)
    with pytest.raises(InputError, match="at least 2 points"):
        loss_planes(landscape, data.inputs, data.label, (0, 1), 1.0, 1)
    with pytest.raises(InputError, match="no input 'jet_pT'"):
        plane_table(linear, cross_entropy, data, 0, ("jet_pT", "mass"), table, normalisation, 1.0, 3)


def test_the_tiny_losses_of_the_study_keep_their_precision(linear, data, table, normalisation):
    """gamma = 25 behind two softmaxes gives a confident jet a loss below 1e-8; its differences on a plane of
    1e-4 sigma must follow the gradient."""
    loss = build_loss({"name": "double_softmax_focal", "gamma": 25})
    jet = confident_jet(linear, data, "b", 1.0, (0, 1))
    plane = plane_table(linear, loss, data, jet, ("jet_pt", "jet_eta"), table, normalisation, 1e-4, 3)
    x = plane.pivot(index="delta_x", columns="delta_y", values="loss").to_numpy()
    assert x.max() < 1e-8
    assert (x[2, 1] - x[0, 1]) / 1e-4 == pytest.approx(plane["gradient_x"][0], rel=1e-6)
    assert (x[1, 2] - x[1, 0]) / 1e-4 == pytest.approx(plane["gradient_y"][0], rel=1e-6)
