"""Pile-up that is overlaid: how many collisions, which, where, and that more of them change none."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import kstest

from robustag.errors import InputError
from robustag.generate.charged import final_charged
from robustag.generate.jets import Jets
from robustag.generate.labels import find_truth, hadron_flavour, prompt_leptons
from robustag.generate.layers import TRACKERS, BeamSpot
from robustag.generate.minimum_bias import Pool
from robustag.generate.pileup import BunchCrossings, charged_elsewhere, overlay
from robustag.generate.pythia import ParticleBatch
from robustag.generate.random import Streams

SPOT = BeamSpot()
HARD = {"id": 13, "pt": 5.0}


@pytest.fixture
def three() -> Pool:
    """Collisions of two particles, none and one, which their pz tells apart."""
    return Pool(
        offsets=np.array([0, 2, 2, 3]),
        pdg_id=np.array([211, 22, -321], np.int32),
        momentum=np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 2.0], [0.0, -3.0, 3.0]], np.float32),
        mass=np.array([0.13957, 0.0, 0.49368], np.float32),
        vertex=np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 7.0], [0.0, 0.0, 0.0]], np.float32),
    )


def _events(make_batch: Callable, number: int) -> ParticleBatch:
    return make_batch([[{"id": 90, "status": -11}, HARD]] * number)


def _piled(crossings: BunchCrossings) -> np.ndarray:
    return np.flatnonzero(crossings.collision >= 0)


@pytest.mark.parametrize("mean", [0.5, 20.0, 100.0])
def test_numbers_of_collisions_are_poisson(
    make_batch: Callable, streams: Streams, three: Pool, mean: float
) -> None:
    events = 4000
    count = overlay(_events(make_batch, events), three, mean, SPOT, streams).count
    assert count.mean() == pytest.approx(mean, abs=4.0 * np.sqrt(mean / events))
    assert count.var() == pytest.approx(mean, rel=4.0 * np.sqrt(2.0 / events) + 2.0 / np.sqrt(mean * events))


def test_every_collision_of_the_pool_is_as_likely(
    make_batch: Callable, streams: Streams, three: Pool
) -> None:
    crossings = overlay(_events(make_batch, 4000), three, 3.0, SPOT, streams)
    total = crossings.count.sum()
    pz = crossings.batch.momentum[_piled(crossings), 2]
    for value in (1.0, 2.0, 3.0):
        assert (pz == value).sum() == pytest.approx(total / 3.0, abs=4.0 * np.sqrt(total * 2.0 / 9.0))


def test_they_lie_in_the_luminous_region_whatever_the_hard_one_does(
    make_batch: Callable, streams: Streams, three: Pool
) -> None:
    crossings = overlay(_events(make_batch, 3000), three, 3.0, SPOT, streams)
    hard = crossings.hard[np.repeat(np.arange(3000), crossings.count)]
    place = crossings.offset + hard
    for axis, width in enumerate(SPOT.widths):
        assert kstest(place[:, axis] / width, "norm").pvalue > 1e-3
        assert kstest(crossings.hard[:, axis] / width, "norm").pvalue > 1e-3
        assert abs(np.corrcoef(place[:, axis], hard[:, axis])[0, 1]) < 4.0 / np.sqrt(len(hard))


def test_each_is_turned_as_a_whole_by_an_azimuth_of_its_own(
    make_batch: Callable, streams: Streams, three: Pool
) -> None:
    crossings = overlay(_events(make_batch, 3000), three, 3.0, SPOT, streams)
    batch, piled = crossings.batch, _piled(crossings)
    px, py, pz, energy = batch.momentum[piled].T
    assert np.hypot(px, py) == pytest.approx(pz), "in this pool they are the same"
    assert energy**2 == pytest.approx(px**2 + py**2 + pz**2 + batch.mass[piled] ** 2)
    phi = np.arctan2(py, px)
    first, second = np.flatnonzero(pz == 1.0), np.flatnonzero(pz == 2.0)
    assert (second == first + 1).all()
    assert np.cos(phi[second] - phi[first] - 0.5 * np.pi) == pytest.approx(1.0)
    assert kstest(phi[first] / (2.0 * np.pi) + 0.5, "uniform").pvalue > 1e-3
    # So are the places where particles are made, and those move with their collision.
    made = batch.vertex[piled] - crossings.offset[crossings.collision[piled]]
    assert made[second] == pytest.approx(
        np.column_stack([4.0 * np.cos(phi[first]), 4.0 * np.sin(phi[first]), np.full(len(first), 7.0)])
    )


def test_a_larger_mean_adds_collisions_and_changes_none(
    make_batch: Callable, streams: Streams, three: Pool
) -> None:
    batch = _events(make_batch, 300)
    few, many = (overlay(batch, three, mean, SPOT, streams) for mean in (4.0, 5.0))
    assert (many.count >= few.count).all()
    assert many.count.sum() > few.count.sum()
    for event in range(300):
        parts = []
        for crossings in (few, many):
            inside = crossings.batch.event == event
            parts.append(np.column_stack([crossings.batch.momentum[inside], crossings.batch.vertex[inside]]))
        assert (parts[1][: len(parts[0])] == parts[0]).all()


def test_the_hard_collision_stays_what_it_is(make_batch: Callable, streams: Streams, three: Pool) -> None:
    batch = _events(make_batch, 50)
    crossings = overlay(batch, three, 6.0, SPOT, streams)
    own = np.flatnonzero(crossings.collision < 0)
    for name in ("event", "pdg_id", "status", "mother", "daughter1", "momentum", "mass", "vertex", "item"):
        assert (getattr(crossings.batch, name)[own] == getattr(batch, name)).all(), name
    assert (np.diff(crossings.batch.offsets) == np.bincount(crossings.batch.event)).all()
    piled = _piled(crossings)
    assert (crossings.batch.status[piled] > 0).all()
    assert not prompt_leptons(crossings.batch)[piled].any()


def test_no_pile_up_is_the_batch_itself(make_batch: Callable, streams: Streams) -> None:
    batch = _events(make_batch, 5)
    crossings = overlay(batch, None, 0.0, SPOT, streams)
    assert crossings.batch is batch
    assert crossings.count.tolist() == [0] * 5
    assert (crossings.collision == -1).all()


def test_pile_up_without_a_pool_is_refused(make_batch: Callable, streams: Streams) -> None:
    with pytest.raises(InputError, match="pile_up needs a pool of minimum-bias collisions"):
        overlay(_events(make_batch, 5), None, 1.0, SPOT, streams)


def test_charged_particles_of_other_vertices_are_known_where_they_leave_tracks(
    make_batch: Callable, streams: Streams, three: Pool
) -> None:
    """95 % of the pions of the toy are found, and no photon; collisions within a millimetre look like one."""
    crossings = overlay(_events(make_batch, 4000), three, 5.0, SPOT, streams)
    charged = final_charged(crossings.batch, find_truth(crossings.batch))
    charged = charged.take(crossings.collision[charged.particle] >= 0)
    known = charged_elsewhere(crossings, charged, TRACKERS["atlas_run1"], streams)
    distance = np.abs(crossings.offset[crossings.collision[known], 2])
    assert distance.min() > 1.0
    assert 22 not in crossings.batch.pdg_id[known]
    far = np.abs(crossings.offset[crossings.collision[charged.particle], 2]) > 1.0
    hard_enough = charged.pt > 1.5
    expected = (far & hard_enough).sum()
    found = (np.hypot(*crossings.batch.momentum[known, :2].T) > 1.5).sum()
    assert found / expected == pytest.approx(0.95, abs=4.0 * np.sqrt(0.95 * 0.05 / expected))


def test_a_jet_of_pile_up_alone_is_no_heavy_one(make_batch: Callable, streams: Streams, three: Pool) -> None:
    """Flavour is that of the hard collision's hadrons: particles of the pool have no history."""
    batch = make_batch([[{"id": 90, "status": -11}, {"id": 511, "status": -83, "pt": 30.0, "eta": 1.0}]] * 20)
    crossings = overlay(batch, three, 5.0, SPOT, streams)
    where = np.array([1.0, -1.0])
    jets = Jets(np.array([0, 0]), np.array([40.0, 30.0]), where, np.zeros(2), np.zeros(2))
    assert hadron_flavour(crossings.batch, find_truth(crossings.batch), jets).tolist() == [5, 0]
