"""Measured tracks: pulls, efficiency, pairing of variations."""

from collections.abc import Callable

import numpy as np
import pytest

from robustag.generate.charged import charge_of
from robustag.generate.layers import TRACKERS
from robustag.generate.tracks import Tracks, efficiency_of


def _shower(seed: int, events: int, particles: int, **fixed: object) -> list[list[dict]]:
    rng = np.random.default_rng(seed)
    return [
        [
            {
                "id": int(rng.choice([211, -211])),
                "pt": float(np.exp(rng.uniform(np.log(0.5), np.log(50.0)))),
                "eta": float(rng.uniform(-2.4, 2.4)),
                "phi": float(rng.uniform(-np.pi, np.pi)),
                "mass": 0.13957,
            }
            | fixed
            for _ in range(particles)
        ]
        for _ in range(events)
    ]


@pytest.fixture
def measured(toy_tracks: Callable) -> Callable[..., Tracks]:
    return lambda *args, **kwargs: toy_tracks(*args, **kwargs)[1]


def test_pulls_of_all_five_parameters_are_standard_normal(measured: Callable[..., Tracks]) -> None:
    tracks = measured(_shower(1, 50, 200))
    diagonal = tracks.covariance[:, [0, 2, 5, 9, 14]]
    residual = tracks.parameters - tracks.truth
    residual[:, 2] = (residual[:, 2] + np.pi) % (2 * np.pi) - np.pi
    pull = residual / np.sqrt(diagonal)
    n = len(tracks)
    assert n > 8000
    assert np.abs(pull.mean(axis=0)).max() < 4.0 / np.sqrt(n)
    assert pull.std(axis=0) == pytest.approx(1.0, abs=4.0 / np.sqrt(2 * n))
    assert np.corrcoef(pull[:, 0], pull[:, 2])[0, 1] < -0.7


def test_efficiency_follows_its_table(measured: Callable[..., Tracks]) -> None:
    for eta, pt, expected in ((0.5, 5.0, 0.95), (2.0, 5.0, 0.85), (0.5, 0.7, 0.70), (2.0, 0.7, 0.60)):
        tracks = measured(_shower(2, 20, 200, eta=eta, pt=pt))
        assert len(tracks) / 4000 == pytest.approx(expected, abs=4.0 * np.sqrt(0.25 / 4000))
    assert len(measured(_shower(2, 5, 20, eta=2.6))) == 0


def test_efficiency_is_zero_outside_its_table() -> None:
    table = TRACKERS["atlas_run1"].hadron_efficiency
    assert efficiency_of(
        table, np.array([0.05, 0.5, 5.0, 5.0]), np.array([0.0, 0.0, -2.4, 2.5])
    ) == pytest.approx([0.0, 0.70, 0.85, 0.0])


def test_late_particles_are_lost(measured: Callable[..., Tracks]) -> None:
    kept = [
        len(measured(_shower(3, 10, 200, vertex=(r, 0.0, 0.0), eta=0.1, pt=5.0))) for r in (10.0, 60.0, 90.0)
    ]
    assert kept[1] / kept[0] == pytest.approx(0.5, abs=0.05)
    assert kept[2] == 0


def test_impact_parameter_of_a_displaced_particle_is_its_lever_arm(measured: Callable[..., Tracks]) -> None:
    """A stiff particle from (L, 0, 0) at angle phi misses the beam line by -L sin(phi)."""
    tracks = measured(_shower(4, 1, 200, vertex=(3.0, 0.0, 0.0), phi=0.2, pt=5000.0, eta=0.0))
    assert tracks.truth[:, 0] == pytest.approx(-3.0 * np.sin(0.2), abs=1e-4)


def test_resolution_variation_keeps_tracks_and_scales_their_residuals(
    measured: Callable[..., Tracks],
) -> None:
    events = _shower(5, 10, 100)
    nominal, same, worse = (
        measured(events, d0_resolution=factor, z0_resolution=factor) for factor in (1.0, 1.0, 1.25)
    )
    assert np.array_equal(nominal.parameters, same.parameters)
    assert np.array_equal(nominal.particle, worse.particle)
    assert np.array_equal(nominal.covariance, worse.covariance)
    scaled = (nominal.parameters - nominal.truth)[:, :2] * 1.25
    assert (worse.parameters - worse.truth)[:, :2] == pytest.approx(scaled, abs=1e-12)
    assert np.array_equal(nominal.parameters[:, 2:], worse.parameters[:, 2:])


def test_charges() -> None:
    ids = np.array([211, -211, 11, -11, 13, 2212, -2212, 22, 130, 2112, 3112, 12])
    assert charge_of(ids).tolist() == [1, -1, -1, 1, -1, 1, -1, 0, 0, 0, -1, 0]
