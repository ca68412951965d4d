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


def test_every_track_that_survives_is_its_nominal_twin(measured: Callable[..., Tracks]) -> None:
    events = _shower(6, 20, 200)
    nominal, fewer = measured(events), measured(events, efficiency=0.9)
    assert len(fewer) / len(nominal) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / len(nominal)))
    twin = np.searchsorted(nominal.particle, fewer.particle)
    assert np.array_equal(nominal.particle[twin], fewer.particle)
    for name in ("parameters", "truth", "covariance", "origin"):
        assert np.array_equal(getattr(nominal, name)[twin], getattr(fewer, name))


def test_a_share_of_tracks_is_in_the_tail(measured: Callable[..., Tracks]) -> None:
    events = _shower(7, 50, 200)
    core, mixed = measured(events), measured(events, tail_fraction=0.2, tail_scale=3.0)
    ratio = (mixed.parameters - mixed.truth)[:, :2] / (core.parameters - core.truth)[:, :2]
    tail = np.isclose(ratio[:, 0], 3.0, rtol=1e-6)
    assert np.array_equal(tail, np.isclose(ratio[:, 1], 3.0, rtol=1e-6))
    assert np.isclose(ratio[~tail], 1.0, rtol=1e-6).all()
    assert tail.mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / len(core)))
    pull = (mixed.parameters - mixed.truth)[:, 0] / np.sqrt(mixed.covariance[:, 0])
    assert pull.std() == pytest.approx(np.sqrt(0.8 + 0.2 * 9.0), rel=0.05)


def test_resolutions_of_d0_and_z0_vary_apart(measured: Callable[..., Tracks]) -> None:
    events = _shower(8, 5, 50)
    nominal, worse = measured(events), measured(events, z0_resolution=2.0)
    assert np.array_equal(nominal.parameters[:, 0], worse.parameters[:, 0])
    assert (worse.parameters - worse.truth)[:, 1] == pytest.approx(
        2.0 * (nominal.parameters - nominal.truth)[:, 1], abs=1e-12
    )


def test_a_shifted_beam_spot_moves_the_true_impact_parameters(measured: Callable[..., Tracks]) -> None:
    """To first order by y cos(phi) - x sin(phi); the errors stay."""
    events = _shower(9, 5, 50)
    nominal, moved = measured(events), measured(events, beam_spot_shift=[0.1, -0.05])
    phi = nominal.truth[:, 2]
    expected = nominal.truth[:, 0] - 0.05 * np.cos(phi) - 0.1 * np.sin(phi)
    assert moved.truth[:, 0] == pytest.approx(expected, abs=1e-4)
    errors = [tracks.parameters[:, 0] - tracks.truth[:, 0] for tracks in (nominal, moved)]
    assert errors[0] == pytest.approx(errors[1], abs=1e-12)
