from dataclasses import replace

import numpy as np
import pytest
from tests.surfaces import SURFACE

from robustag.surface import Landscape, surface_statistics, survey_planes
from robustag.surface.geometry import jet_geometry
from robustag.surface.settings import AttackPath, Average, Boundary

SETTINGS = replace(
    SURFACE,
    width_aligned=2.0,
    points=5,
    average=Average(jets=20, points=3),
    path=AttackPath(epsilon=0.1, steps=2, rate=1.0),
    lanczos=3,
    principal=2,
    boundary=Boundary(steps=2, overshoot=0.02),
)


@pytest.fixture
def survey(data, rule, normalisation, pair):
    """Planes and paths around jet 11 and all jets."""
    pairs = [pair("jet_pt", "jet_eta"), pair("mass", "d0", (0.5, 0.25))]

    def scan(landscape, settings=SETTINGS):
        return survey_planes(landscape, data, 11, np.arange(60), pairs, rule, normalisation, settings, seed=1)

    return scan


def test_every_plane_of_one_jet_and_of_each_flavour(piecewise, cross_entropy, data, survey):
    landscape = Landscape(piecewise, cross_entropy)
    planes, paths = survey(landscape)
    assert planes.iloc[0][["jets", "kind", "feature_x", "feature_y"]].tolist() == [
        *("jet", "inputs", "jet_pt", "jet_eta")
    ]
    counts = planes.groupby(["jets", "kind"], sort=False).size()
    assert counts["jet"].to_dict() == {
        "inputs": 50,
        "gradient_random": 25,
        "gradient_principal": 25,
        "principal": 25,
    }
    assert (counts[["b", "c", "light"]] == 9).all()
    assert set(paths.groupby(["jets", "kind", "feature_x", "attack"]).size()) == {2, 3}
    jet = landscape.value(data.inputs[11:12].double(), data.label[11:12]).item()
    centre = planes[(planes["delta_x"] == 0) & (planes["delta_y"] == 0)]
    np.testing.assert_allclose(centre.loc[centre["jets"] == "jet", "loss"], jet)
    b_jets = landscape.value(data.inputs.double(), data.label)[data.label == 0].mean().item()
    np.testing.assert_allclose(centre.loc[centre["jets"] == "b", "loss"], b_jets)
    second = planes[planes["feature_x"] == "mass"]
    assert (second["delta_x"].max(), second["delta_y"].max()) == pytest.approx((0.25, 0.125))
    aligned = planes[planes["kind"] != "inputs"]
    assert aligned["delta_x"].max() == 1.0
    assert (aligned["x"] == aligned["delta_x"]).all()


def test_the_loss_climbs_along_the_gradient(piecewise, cross_entropy, data, survey):
    landscape = Landscape(piecewise, cross_entropy)
    planes, _ = survey(landscape, replace(SETTINGS, width_aligned=1e-3))
    up = planes[(planes["jets"] == "jet") & (planes["kind"] == "gradient_random") & (planes["delta_y"] == 0)]
    slope = np.polyfit(up["delta_x"], up["loss"], 1)[0]
    gradient = landscape.gradient(data.inputs[11:12].double(), data.label[11:12])[0]
    gradient[2] = 0  # the count
    assert slope == pytest.approx(gradient.norm().item(), rel=1e-3)


def test_statistics_of_geometry_and_steps(piecewise, cross_entropy, data, pair, rule):
    landscape = Landscape(piecewise, cross_entropy)
    jets = np.arange(60)
    geometry = jet_geometry(piecewise, cross_entropy, data, jets, pair("jet_pt", "jet_eta"), rule, SETTINGS)
    weights = np.ones((60, 4), np.uint8)
    result = surface_statistics(landscape, data, geometry, rule, [0.0, 0.01, 0.1], weights)
    assert list(result) == [
        *("flavour", "statistic", "summary", "value", "low", "high", "n", "replicates", "epsilon")
    ]
    key = ["flavour", "statistic", "summary", "epsilon"]
    assert not result.duplicated(key).any()
    assert set(result["epsilon"].dropna()) == {0.01, 0.1}
    steep = result[(result["statistic"] == "grad_l1") & (result["summary"] == "mean")].set_index("flavour")
    assert steep["value"]["all"] == pytest.approx(geometry["grad_l1"].mean())
    assert steep["value"]["c"] == pytest.approx(geometry.loc[geometry["label"] == 1, "grad_l1"].mean())
    bent = result[(result["statistic"] == "linearity_error") & (result["flavour"] == "all")]
    bent = bent[bent["summary"] == "median"].set_index("epsilon")["value"]
    assert bent[0.01] < bent[0.1]
