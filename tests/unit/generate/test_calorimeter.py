"""Tower building against hand-made events."""

from collections.abc import Callable

import numpy as np
import pytest

from robustag.generate.calorimeter import impact_phi, make_towers, resolution, smear_energy
from robustag.generate.layers import CALORIMETER
from robustag.generate.random import Streams


def test_resolution_formula_and_regions() -> None:
    """100 GeV in the central HCAL: sqrt(3.02^2 + 5.205^2 + 1.59^2) GeV."""
    sigma = resolution(CALORIMETER.hcal, np.full(3, 100.0), np.array([0.0, -2.0, 4.0]))
    assert sigma == pytest.approx(
        [np.sqrt(3.02**2 + 5.205**2 + 1.59**2), np.hypot(5.0, 7.06), np.hypot(9.42, 10.0)]
    )


def test_smearing_keeps_mean_and_has_the_width_asked_for() -> None:
    normal = np.random.default_rng(0).normal(size=200_000)
    energy = smear_energy(np.full(len(normal), 10.0), np.full(len(normal), 3.0), normal)
    assert energy.mean() == pytest.approx(10.0, abs=0.03)
    assert energy.std() == pytest.approx(3.0, abs=0.05)
    assert (energy > 0.0).all()


def test_bending_of_a_charged_particle() -> None:
    """The chord to radius R of a circle of radius r leaves the tangent by asin(R / 2r); loopers stay."""
    radius = 1.0 / (2.99792458e-4 * 2.0)
    phi = impact_phi(CALORIMETER, np.zeros(4), np.array([1.0, 1.0, 1e6, 0.3]), np.array([1, -1, 1, 1]))
    bend = np.arcsin(CALORIMETER.radius / (2.0 * radius))
    assert phi[:3] == pytest.approx([-bend, bend, 0.0], abs=1e-6)
    assert np.isnan(phi[3])


def test_particles_deposit_where_they_should(make_batch: Callable, streams: Streams) -> None:
    """One particle an event: photon and hadron seen, muon, neutrino, decayed and removed particles not."""
    ids = (22, 2112, 13, 12, 111, 22)
    batch = make_batch(
        [
            [{"id": pdg_id, "pt": 200.0, "eta": 0.33, "phi": 1.0, "status": -1 if pdg_id == 111 else 1}]
            for pdg_id in ids
        ]
    )
    event, towers = make_towers(batch, CALORIMETER, streams, np.arange(6) == 5)
    assert event.tolist() == [0, 1]
    pt = np.hypot(towers[:, 0], towers[:, 1])
    assert pt == pytest.approx([200.0, 200.0], rel=0.35)
    assert np.arctan2(towers[:, 1], towers[:, 0]) == pytest.approx(1.0, abs=2 * np.pi / 64)
    assert np.arcsinh(towers[:, 2] / pt) == pytest.approx(0.33, abs=0.1)
    assert towers[:, 3] ** 2 == pytest.approx((towers[:, :3] ** 2).sum(axis=1))


def test_particles_in_one_cell_make_one_tower(make_batch: Callable, streams: Streams) -> None:
    photon = {"id": 22, "pt": 50.0, "eta": 0.55, "phi": 0.35}
    batch = make_batch([[photon, photon], [photon | {"eta": -0.55}]])
    event, _ = make_towers(batch, CALORIMETER, streams, np.zeros(3, bool))
    assert event.tolist() == [0, 1]


def test_faint_deposits_are_suppressed(make_batch: Callable, streams: Streams) -> None:
    batch = make_batch([[{"id": 22, "pt": 0.2, "eta": 0.05, "phi": 0.05}]] * 50)
    event, _ = make_towers(batch, CALORIMETER, streams, np.zeros(50, bool))
    assert len(event) <= 2
