"""Clustering, calibration and matching."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustag.generate.detector import detector_from
from robustag.generate.jets import (
    Jets,
    cluster_jets,
    core_depth,
    delta_r,
    energy_scale,
    measured_jets,
    pairs_in_event,
    relative_resolution,
)
from robustag.generate.random import Streams

DETECTOR = detector_from({"tracker": "atlas_run1"})
NO_PILE_UP = np.zeros(3, int)


def _towers(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray) -> np.ndarray:
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], axis=1)


def test_two_separate_towers_are_two_calibrated_jets() -> None:
    towers = _towers(np.array([40.0, 30.0]), np.array([0.5, -1.0]), np.array([1.0, -2.0]))
    jets = cluster_jets(np.array([1, 1]), towers, NO_PILE_UP)
    assert jets.event.tolist() == [1, 1]
    assert jets.pt == pytest.approx([40.0 * np.sqrt(2.9**2 / 40 + 1), 30.0 * np.sqrt(2.8**2 / 30 + 1)])
    assert jets.eta == pytest.approx([0.5, -1.0])
    assert jets.phi == pytest.approx([1.0, -2.0])


def test_the_offset_of_pile_up_is_taken_off_before_the_calibration() -> None:
    """What 20 collisions add to one jet of 40 GeV at eta 2 is 20 (0.18 + 0.024 4) GeV; direction stays."""
    towers = _towers(np.array([40.0, 40.0]), np.array([2.0, 2.0]), np.array([1.0, 1.0]))
    jets = cluster_jets(np.array([0, 1]), towers, np.array([0, 20]))
    left = np.array([40.0, 40.0 - 20.0 * 0.276])
    assert jets.pt == pytest.approx(left * energy_scale(left, np.array([2.0, 2.0])))
    assert jets.eta == pytest.approx([2.0, 2.0])
    assert jets.phi == pytest.approx([1.0, 1.0])


def test_a_jet_that_is_all_offset_is_none() -> None:
    towers = _towers(np.array([13.0, 13.0]), np.array([1.0, 1.0]), np.array([1.0, 1.0]))
    assert cluster_jets(np.array([0, 1]), towers, np.array([0, 100])).event.tolist() == [0]


def test_energy_scale_closed_form() -> None:
    assert energy_scale(np.array([9.0, 1e9]), np.array([0.0, 0.0])) == pytest.approx([np.sqrt(2.0), 1.0])


def test_selection_in_pt_and_eta() -> None:
    towers = _towers(np.array([100.0, 100.0, 14.0]), np.array([2.6, 2.4, 0.0]), np.array([0.0, 1.0, 2.0]))
    clustered = cluster_jets(np.zeros(3, int), towers, NO_PILE_UP[:1])
    assert clustered.eta == pytest.approx([2.4, 0.0])
    kept, jets = measured_jets(clustered, DETECTOR, Streams(1, 1, 1), np.zeros(1, np.uint64))
    assert kept.tolist() == [0]
    assert jets.eta == pytest.approx([2.4])


def test_events_without_towers_have_no_jets() -> None:
    assert len(cluster_jets(np.zeros(0, int), np.zeros((0, 4)), NO_PILE_UP)) == 0


def _anti_kt(towers: np.ndarray, radius: float) -> list[np.ndarray]:
    """The textbook algorithm, one merge at a time."""
    jets, done = [tower.copy() for tower in towers], []
    while jets:
        vectors = np.array(jets)
        pt = np.hypot(vectors[:, 0], vectors[:, 1])
        rapidity = 0.5 * np.log((vectors[:, 3] + vectors[:, 2]) / (vectors[:, 3] - vectors[:, 2]))
        phi = np.arctan2(vectors[:, 1], vectors[:, 0])
        beam = pt**-2.0
        distance = delta_r(rapidity[:, None], phi[:, None], rapidity[None, :], phi[None, :]) ** 2 / radius**2
        pair = np.minimum(beam[:, None], beam[None, :]) * distance
        np.fill_diagonal(pair, np.inf)
        if beam.min() <= pair.min():
            done.append(jets.pop(int(beam.argmin())))
        else:
            i, j = sorted(np.unravel_index(pair.argmin(), pair.shape))
            jets[i] = jets[i] + jets.pop(j)
    return done


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_clusters_like_the_textbook_algorithm(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 25
    towers = _towers(rng.exponential(15.0, n) + 0.5, rng.uniform(-1, 1, n), rng.uniform(-np.pi, np.pi, n))
    expected = []
    for px, py, pz, _ in _anti_kt(towers, 0.4):
        pt = np.hypot(px, py)
        if pt > 12.0:
            expected.append(pt * energy_scale(np.array([pt]), np.array([np.arcsinh(pz / pt)]))[0])
    found = cluster_jets(np.zeros(n, int), towers, NO_PILE_UP[:1])
    assert found.pt == pytest.approx(sorted(expected, reverse=True), rel=1e-9)


@given(st.lists(st.integers(0, 6), max_size=15), st.lists(st.integers(0, 6), max_size=15))
def test_pairs_are_all_combinations_within_an_event(a: list[int], b: list[int]) -> None:
    event_a, event_b = np.array(sorted(a), int), np.array(sorted(b), int)
    first, second = pairs_in_event(event_a, event_b)
    expected = [(i, j) for i in range(len(a)) for j in range(len(b)) if event_a[i] == event_b[j]]
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == expected


def test_distance_wraps_around() -> None:
    assert delta_r(np.array(1.0), np.array(3.1), np.array(1.0), np.array(-3.1)) == pytest.approx(
        2 * np.pi - 6.2
    )


def _jets(pt: list[float]) -> Jets:
    n = len(pt)
    return Jets(np.arange(n), np.array(pt), np.zeros(n), np.zeros(n), np.full(n, 5.0))


NUMBERS = np.arange(40_000, dtype=np.uint64)


def test_energy_scale_moves_jets_and_the_threshold() -> None:
    up = replace(DETECTOR, jet_energy_scale=1.05)
    kept, jets = measured_jets(_jets([19.5, 50.0, 19.0]), up, Streams(1, 1, 1), NUMBERS)
    assert kept.tolist() == [0, 1]
    assert jets.pt == pytest.approx([19.5 * 1.05, 52.5])
    assert jets.mass == pytest.approx([5.25, 5.25])


def test_energy_resolution_grows_in_quadrature() -> None:
    """The added width is sqrt(1.5^2 - 1) of the resolution at 100 GeV."""
    worse = replace(DETECTOR, jet_energy_resolution=1.5)
    kept, jets = measured_jets(_jets([100.0] * 40_000), worse, Streams(1, 1, 1), NUMBERS)
    assert len(kept) == 40_000
    ratio = jets.pt / 100.0
    expected = np.sqrt(1.25) * relative_resolution(np.array([100.0]))[0]
    assert ratio.mean() == pytest.approx(1.0, abs=4 * expected / 200)
    assert ratio.std() == pytest.approx(expected, rel=0.02)


def test_depth_in_a_core_grows_with_the_jet() -> None:
    jets = Jets(
        np.zeros(3, int), np.array([1500.0, 600.0, 90.0]), np.array([0.0, 1.0, 2.0]), *np.zeros((2, 3))
    )
    eta = np.array([0.05, 1.0, 2.0, 0.2])
    assert core_depth(jets, np.zeros(4, int), eta, np.zeros(4)) == pytest.approx([1.0, 0.5, 0.0, 0.0])
