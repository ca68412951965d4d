"""Conversions and nuclear interactions against their closed forms."""

from collections.abc import Callable

import numpy as np
import pytest

from robustag.generate.charged import ChargedParticles, final_charged, merge
from robustag.generate.helix import CURVATURE
from robustag.generate.labels import find_truth
from robustag.generate.layers import TRACKERS
from robustag.generate.material import (
    conversion_probability,
    conversions,
    crossings,
    energy_share,
    multiplicity,
    nuclear_interactions,
    useful_layers,
    with_secondaries,
)
from robustag.generate.origins import Origin
from robustag.generate.random import Streams

TRACKER = TRACKERS["atlas_run1"]


def _made(parts: list[ChargedParticles]) -> ChargedParticles:
    return merge(*parts)


def test_a_thin_layer_converts_seven_ninths_of_its_thickness() -> None:
    assert conversion_probability(np.array([1e-6])) == pytest.approx(7e-6 / 9, rel=1e-5)
    assert conversion_probability(np.array([0.0, np.inf])).tolist() == [0.0, 1.0]


def test_energy_share_has_the_moments_of_bethe_heitler() -> None:
    """Of 9/7 (1 - 4/3 x (1 - x)): mean 1/2, second moment 9/7 (1/3 - 1/3 + 4/15) = 12/35."""
    x = energy_share((np.arange(100_000) + 0.5) / 100_000)
    assert x.mean() == pytest.approx(0.5, abs=1e-6)
    assert (x**2).mean() == pytest.approx(12.0 / 35.0, abs=1e-5)
    assert (np.diff(x) > 0).all()


def test_multiplicity_is_one_and_a_truncated_poisson_number() -> None:
    count = multiplicity((np.arange(200_000) + 0.5) / 200_000)
    weight = np.array([1.5**n / np.prod(np.arange(1, n + 1)) for n in range(6)])
    share = np.bincount(count, minlength=7)[1:7] / len(count)
    assert share == pytest.approx(weight / weight.sum(), abs=1e-5)
    assert count.min() == 1
    assert count.max() == 6


def test_only_layers_with_hits_left_outside_count() -> None:
    assert [layer.radius for _, layer in useful_layers(TRACKER)] == [29.0, 50.5]


def test_crossing_of_a_helix_lies_on_cylinder_and_helix() -> None:
    """Around the centre (x + R sin phi, y - R cos phi) the distance stays R."""
    kappa, phi = np.array([1 / 1500.0, -1 / 3000.0]), np.array([0.3, -2.0])
    start = np.array([[2.0, 1.0, 3.0], [0.0, -4.0, 0.0]])
    point, direction = crossings(start, phi, np.array([0.5, -1.0]), kappa, 50.5)
    radius = 1.0 / kappa
    centre = start[:, :2] + np.stack([radius * np.sin(phi), -radius * np.cos(phi)], axis=1)
    assert np.hypot(*(point[:, :2] - centre).T) == pytest.approx(np.abs(radius), abs=1e-3)
    assert np.hypot(point[:, 0], point[:, 1]) == pytest.approx([50.5, 50.5], abs=0.02)
    assert direction == pytest.approx(phi - kappa * 50.5, abs=3e-3)


def test_particles_born_outside_do_not_cross() -> None:
    _, direction = crossings(np.array([[60.0, 0.0, 0.0]]), np.zeros(1), np.zeros(1), np.zeros(1), 50.5)
    assert np.isnan(direction).all()


@pytest.fixture
def photons(make_batch: Callable) -> Callable:
    def build(n: int, **more: float) -> object:
        return make_batch([[{"id": 22, "pt": 10.0} | more for _ in range(n)] for _ in range(20)])

    return build


def test_share_of_photons_that_convert(photons: Callable, streams: Streams) -> None:
    batch = photons(2000, pt=1000.0)
    electrons = _made(conversions(batch, TRACKER, 10.0, streams))
    thickness = 10.0 * np.array([0.006, 0.03])
    expected = 1.0 - np.exp(-7.0 / 9.0 * thickness.sum())
    parents = len(np.unique(electrons.particle))
    assert parents / 40_000 == pytest.approx(expected, abs=4 * np.sqrt(expected / 40_000))
    radius = np.hypot(electrons.vertex[:, 0], electrons.vertex[:, 1])
    first = 1.0 - np.exp(-7.0 / 9.0 * thickness[0])
    assert (np.abs(radius - 29.0) < 1e-6).sum() / len(radius) == pytest.approx(first / expected, abs=0.02)
    assert set(np.round(radius, 6)) == {29.0, 50.5}
    assert set(electrons.origin) == {Origin.MATERIAL}


def test_pairs_carry_the_photons_momentum_and_no_charge(photons: Callable, streams: Streams) -> None:
    batch = photons(2000, pt=50.0, eta=0.8)
    electrons = _made(conversions(batch, TRACKER, 5.0, streams))
    both = np.flatnonzero(np.bincount(electrons.particle, minlength=40_000) == 2)
    assert len(both) > 1000
    total = np.zeros((40_000, 3))
    np.add.at(total, electrons.particle, electrons.momentum)
    assert total[both] == pytest.approx(batch.momentum[both, :3], rel=1e-9, abs=1e-9)
    charge = np.bincount(electrons.particle, electrons.charge, minlength=40_000)
    assert not charge[both].any()
    assert len(np.unique(electrons.key + (electrons.event << 50))) == len(electrons)


def test_share_of_hadrons_that_interact(make_batch: Callable, streams: Streams) -> None:
    batch = make_batch([[{"id": 211, "pt": 500.0, "eta": 1.0} for _ in range(1000)] for _ in range(20)])
    pions = _made(nuclear_interactions(batch, TRACKER, 10.0, streams))
    expected = 1.0 - np.exp(-10.0 * (0.005 + 0.009) * np.cosh(1.0))
    found = len(np.unique(pions.particle)) / 20_000
    # A secondary below 0.4 GeV is not kept, so a few interactions leave nothing.
    assert found == pytest.approx(expected, abs=0.01)
    momentum = np.zeros((20_000, 3))
    np.add.at(momentum, pions.particle, pions.momentum)
    along = (momentum * batch.momentum[:, :3]).sum(axis=1) / (batch.momentum[:, :3] ** 2).sum(axis=1)
    assert along.max() < 1.02


def test_vertex_follows_the_curved_track(make_batch: Callable, streams: Streams) -> None:
    batch = make_batch([[{"id": 211, "pt": 1.0, "phi": 0.0} for _ in range(500)] for _ in range(5)])
    pions = _made(nuclear_interactions(batch, TRACKER, 10.0, streams))
    kappa = CURVATURE * TRACKER.field
    azimuth = np.arctan2(pions.vertex[:, 1], pions.vertex[:, 0])
    radius = np.hypot(pions.vertex[:, 0], pions.vertex[:, 1])
    assert azimuth == pytest.approx(-0.5 * kappa * radius, rel=0.02)


def test_more_material_adds_secondaries_and_moves_none(photons: Callable, streams: Streams) -> None:
    batch = photons(500)
    thin, thick = (_made(conversions(batch, TRACKER, factor, streams)) for factor in (1.0, 1.2))
    layers = dict(zip(thick.key + (thick.event << 50), thick.momentum[:, 0], strict=True))
    same = [
        key in layers and layers[key] == px
        for key, px in zip(thin.key + (thin.event << 50), thin.momentum[:, 0], strict=True)
    ]
    # A photon that converts earlier in more material has no second chance.
    assert np.mean(same) > 0.97
    assert len(thick) > len(thin)


def test_no_material_leaves_the_particles_alone(make_batch: Callable, streams: Streams) -> None:
    batch = make_batch([[{"id": 22}, {"id": 211}]])
    charged = final_charged(batch, find_truth(batch))
    assert with_secondaries(charged, batch, TRACKER, 0.0, streams) is charged
