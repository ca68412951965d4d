"""The tagging variables against literal formulas on hand-made jets."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustag.generate.impact import JetTracks, associate_tracks, jet_probability
from robustag.generate.jets import Jets
from robustag.generate.layers import TRACKERS
from robustag.generate.resolution import PUBLISHED_RESOLUTION
from robustag.generate.tagging import JET_VARIABLES, TRACK_VARIABLES, tagging_variables
from robustag.generate.tracks import Tracks
from robustag.generate.vertices import PrimaryVertices, SecondaryVertices

PION = 0.13957


@given(st.lists(st.floats(1e-6, 0.37), min_size=1, max_size=12))
def test_jet_probability_is_the_product_with_its_correction(probabilities: list[float]) -> None:
    product = math.prod(probabilities)
    series = sum((-math.log(product)) ** k / math.factorial(k) for k in range(len(probabilities)))
    found = jet_probability(np.array([math.log(product)]), np.array([len(probabilities)]))[0]
    assert found == pytest.approx(product * series, rel=1e-9)


def test_jet_probability_of_no_tracks_does_not_exist() -> None:
    assert np.isnan(jet_probability(np.array([0.0]), np.array([0]))[0])


def test_published_track_probability_closed_form() -> None:
    """At zero: sqrt(pi)/2 (0.32 0.56 + 0.19 0.89) + exp(-3.09)/0.81 + exp(-6.07)/0.23."""
    at_zero = (
        math.sqrt(math.pi) / 2 * (0.32 * 0.56 + 0.19 * 0.89) + math.exp(-3.09) / 0.81 + math.exp(-6.07) / 0.23
    )
    found = PUBLISHED_RESOLUTION.probability(np.linspace(0.0, 30.0, 50))
    assert found[0] == pytest.approx(at_zero)
    assert (np.diff(found) < 0.0).all()
    # No jet of the public data set has more than 0.434, so one track alone must stay below.
    assert at_zero < 0.434


def _tracks(d0: list[float], z0: list[float], phi: list[float], pt: list[float]) -> Tracks:
    """Central tracks of one event with sigma(d0) = 0.02 mm and sigma(z0) = 0.1 mm."""
    n = len(d0)
    parameters = np.column_stack([d0, z0, phi, np.full(n, np.pi / 2), 1.0 / np.array(pt)])
    covariance = np.tile(np.eye(5)[np.tril_indices(5)] * 1e-8, (n, 1))
    covariance[:, 0], covariance[:, 2] = 0.02**2, 0.1**2
    return Tracks(np.zeros(n, int), np.arange(n), parameters, parameters, covariance, np.zeros(n, np.uint8))


ONE_JET = Jets(np.zeros(1, int), np.array([50.0]), np.zeros(1), np.zeros(1), np.zeros(1))


def _primary(weights: list[float]) -> PrimaryVertices:
    covariance = np.array([[1e-4, 0.0, 1e-4, 0.0, 0.0, 1e-4]])
    return PrimaryVertices(np.zeros((1, 3)), covariance, np.ones(1), np.ones(1), np.array(weights))


def _no_vertices(pairs: int) -> SecondaryVertices:
    none = np.zeros(0)
    return SecondaryVertices(
        np.zeros(0, int), np.zeros((0, 3)), np.zeros((0, 6)), none, none,
        np.full(pairs, -1), np.zeros(pairs), np.full(pairs, np.nan),
    )  # fmt: skip


def _variables(tracks: Tracks, weights: list[float]) -> tuple[JetTracks, dict, dict, dict]:
    primary = _primary(weights)
    pairs = associate_tracks(ONE_JET, tracks, primary, field=2.0)
    return pairs, *tagging_variables(
        ONE_JET, pairs, tracks, primary, _no_vertices(len(pairs.jet)), TRACKERS["published"]
    )


def test_track_counting_uses_the_second_and_third_largest_impact_parameter() -> None:
    tracks = _tracks(
        [0.01, -0.30, 0.10, -0.05], [0.4, 0.1, -0.2, 0.3], [0.0, 0.1, -0.1, 0.2], [5.0, 4.0, 3.0, 2.0]
    )
    _, jet, _, _ = _variables(tracks, [1.0] * 4)
    assert jet["track_2_d0_significance"] == pytest.approx(0.10 / 0.02)
    assert jet["track_2_z0_significance"] == pytest.approx(0.2 / 0.1)
    assert jet["track_3_d0_significance"] == pytest.approx(0.05 / 0.02)
    assert jet["track_3_z0_significance"] == pytest.approx(0.3 / 0.1)
    assert jet["n_tracks_over_d0_threshold"] == 3


def test_widths_are_weighted_with_pt() -> None:
    _, jet, _, _ = _variables(_tracks([0.0, 0.0], [0.0, 0.0], [0.1, -0.2], [6.0, 2.0]), [1.0, 1.0])
    assert jet["jet_width_phi"] == pytest.approx(math.sqrt((6 * 0.1**2 + 2 * 0.2**2) / 8))
    assert jet["jet_width_eta"] == pytest.approx(0.0, abs=1e-12)


def test_association_cuts_and_order() -> None:
    """Out of the cone, too soft, too far from the vertex; the rest by falling pT, |d0| < 2 mm for the IP."""
    tracks = _tracks(
        [0.0, 0.0, 9.0, 5.0, 0.0], [0.0] * 5, [0.5, 0.0, 0.0, 0.1, -0.1], [5.0, 0.4, 5.0, 3.0, 7.0]
    )
    pairs, jet, track, _ = _variables(tracks, [1.0] * 5)
    assert pairs.track.tolist() == [4, 3]
    assert track["D0"] == pytest.approx([0.0, 5.0], abs=1e-9)
    assert track["PHI"] == pytest.approx([-0.1, 0.1])
    assert np.isnan(jet["track_2_d0_significance"][0])


def test_a_jet_without_tracks_or_vertices_has_no_numbers() -> None:
    _, jet, track, vertex = _variables(_tracks([], [], [], []), [])
    signed = {name.replace("significance", "signed_significance") for name in JET_VARIABLES[:4]}
    assert set(jet) == {*JET_VARIABLES, *signed}
    truth = {"true_D0", "true_Z0", "true_QOVERP", "origin"}
    assert set(track) == {*TRACK_VARIABLES, *truth, "d0_signed_significance", "z0_signed_significance"}
    assert jet.pop("n_tracks_over_d0_threshold") == 0
    assert all(np.isnan(values).all() for values in jet.values())
    assert all(len(values) == 0 for values in (*track.values(), *vertex.values()))


def test_names_are_those_of_the_feature_table(table) -> None:
    names = ("jet_pt", "jet_eta", *JET_VARIABLES)
    names += tuple(f"track_{t}_{variable}" for variable in TRACK_VARIABLES for t in range(6))
    assert names == tuple(table.names)


def test_vertex_variables_of_one_secondary_vertex() -> None:
    """Tracks 0 and 1 make a vertex 3 mm along x; track 2 is prompt, track 3 belongs nowhere."""
    tracks = _tracks([0.2, -0.2, 0.0, 0.5], [0.0] * 4, [0.1, -0.1, 0.05, 0.3], [8.0, 6.0, 4.0, 2.0])
    primary = _primary([0.01, 0.01, 0.97, 0.3])
    pairs = associate_tracks(ONE_JET, tracks, primary, field=2.0)
    covariance = np.array([[3e-4, 0.0, 1e-4, 0.0, 0.0, 1e-4]])
    secondary = SecondaryVertices(
        jet=np.array([0]), position=np.array([[3.0, 0.0, 0.0]]), covariance=covariance, chi2=np.array([2.0]),
        ndf=np.array([1.0]), member=np.array([0, 0, -1, -1]), weight=np.array([0.9, 0.8, 0.0, 0.0]),
        phi=np.array([0.1, -0.1, np.nan, np.nan]),
    )  # fmt: skip
    jet, track, vertex = tagging_variables(ONE_JET, pairs, tracks, primary, secondary, TRACKERS["published"])

    energy = np.hypot([8.0, 6.0, 4.0, 2.0], PION)
    fraction = energy[:2].sum() / energy.sum()
    mass = math.sqrt(2 * PION**2 + 2 * (energy[0] * energy[1] - 48.0 * math.cos(0.2)))
    significance = 3.0 / math.sqrt(3e-4 + 1e-4)
    assert jet["n_secondary_vertices"] == 1
    assert jet["n_secondary_vertex_tracks"] == 2
    assert jet["vertex_mass"] == pytest.approx(mass)
    assert jet["vertex_energy_fraction"] == pytest.approx(fraction)
    assert jet["vertex_significance"] == pytest.approx(significance)
    assert jet["delta_r_vertex"] == pytest.approx(0.0, abs=1e-12)
    assert vertex["dlen"] == pytest.approx(3.0)
    assert vertex["dlenSig"] == pytest.approx(significance)
    assert vertex["chi2"] == pytest.approx(2.0)

    nan = np.nan
    expected = {
        "weight": [0.9, 0.8, 0.97, 0.3],
        "vertex_mass": [mass, mass, PION, nan],
        "vertex_displacement": [3.0, 3.0, 0.0, nan],
        "vertex_delta_eta_jet": [0.0, 0.0, nan, nan],
        "vertex_delta_phi_jet": [0.0, 0.0, nan, nan],
        "vertex_displacement_significance": [significance, significance, 0.0, nan],
        "vertex_n_tracks": [2.0, 2.0, 1.0, nan],
        "vertex_energy_fraction": [fraction, fraction, energy[2] / energy.sum(), nan],
    }
    for name, values in expected.items():
        assert track[name] == pytest.approx(np.array(values), nan_ok=True, abs=1e-6), name


def test_vertex_significance_combines_two_vertices() -> None:
    """sum(L / var) / sqrt(sum(1 / var)), and the distance to the jet weighted with track numbers."""
    tracks = _tracks(
        [0.2, -0.2, 0.3, -0.3, 0.4], [0.0] * 5, [0.1, -0.1, 0.2, -0.2, 0.0], [9.0, 8.0, 7.0, 6.0, 5.0]
    )
    primary = _primary([0.0] * 5)
    pairs = associate_tracks(ONE_JET, tracks, primary, field=2.0)
    covariance = np.array([[3e-4, 0.0, 3e-4, 0.0, 0.0, 3e-4], [8e-4, 0.0, 8e-4, 0.0, 0.0, 8e-4]])
    position = np.array([[3.0, 0.0, 0.0], [5.0 * math.cos(0.3), 5.0 * math.sin(0.3), 0.0]])
    secondary = SecondaryVertices(
        jet=np.array([0, 0]), position=position, covariance=covariance, chi2=np.ones(2), ndf=np.ones(2),
        member=np.array([0, 0, 1, 1, 1]), weight=np.ones(5), phi=np.array([0.1, -0.1, 0.2, -0.2, 0.0]),
    )  # fmt: skip
    jet, _, _ = tagging_variables(ONE_JET, pairs, tracks, primary, secondary, TRACKERS["published"])
    variance = np.array([4e-4, 9e-4])
    expected = (3.0 / variance[0] + 5.0 / variance[1]) / math.sqrt((1 / variance).sum())
    assert jet["vertex_significance"] == pytest.approx(expected)
    assert jet["delta_r_vertex"] == pytest.approx((2 * 0.0 + 3 * 0.3) / 5)
    assert jet["n_secondary_vertex_tracks"] == 5
