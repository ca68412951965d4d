"""Hand-made event records and toy tracks for the generator's tests."""

from collections.abc import Callable

import numpy as np
import pytest

from robustag.generate.charged import final_charged
from robustag.generate.detector import detector_from
from robustag.generate.labels import find_truth
from robustag.generate.minimum_bias import Pool, make_pool
from robustag.generate.pythia import ParticleBatch
from robustag.generate.random import Streams
from robustag.generate.tracker import covariance_grid
from robustag.generate.tracks import Tracks, measure_tracks, track_candidates, true_parameters


def _batch(events: list[list[dict]]) -> ParticleBatch:
    """Event records from dicts: id, status, mother, daughters (first, last), pt, eta, phi, mass, vertex."""
    flat = [{"id": 211, "status": 1, "pt": 10.0} | particle for event in events for particle in event]
    column = {
        key: np.array([particle.get(key, default) for particle in flat])
        for key, default in (("pt", 0.0), ("eta", 0.0), ("phi", 0.0), ("mass", 0.0), ("mother", 0))
    }
    px, py = column["pt"] * np.cos(column["phi"]), column["pt"] * np.sin(column["phi"])
    pz = column["pt"] * np.sinh(column["eta"])
    energy = np.sqrt(px**2 + py**2 + pz**2 + column["mass"] ** 2)
    counts = [len(event) for event in events]
    return ParticleBatch(
        number=np.arange(len(events), dtype=np.uint64),
        weight=np.ones(len(events)),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        event=np.repeat(np.arange(len(events)), counts),
        pdg_id=np.array([particle["id"] for particle in flat]),
        status=np.array([particle["status"] for particle in flat]),
        mother=column["mother"].astype(np.int64),
        daughter1=np.array([particle.get("daughters", (0, 0))[0] for particle in flat]),
        daughter2=np.array([particle.get("daughters", (0, 0))[1] for particle in flat]),
        momentum=np.stack([px, py, pz, energy], axis=1),
        mass=column["mass"].astype(float),
        vertex=np.array([particle.get("vertex", (0.0, 0.0, 0.0)) for particle in flat], dtype=float),
    )


@pytest.fixture
def make_batch() -> Callable[[list[list[dict]]], ParticleBatch]:
    """Builds a ParticleBatch from lists of dicts, one list an event."""
    return _batch


@pytest.fixture(scope="session")
def pool() -> Pool:
    """A small pool of minimum-bias collisions."""
    return make_pool(300, 8)


@pytest.fixture
def streams() -> Streams:
    return Streams(seed=3, run=1, chunk=1)


@pytest.fixture
def toy_tracks(streams: Streams) -> Callable[..., Tracks]:
    """Measures particles of toy events; keyword arguments are keys of a detector's configuration."""

    def measure(events: list[list[dict]], **settings: object) -> tuple[ParticleBatch, Tracks]:
        detector = detector_from({"tracker": "atlas_run1"} | settings)
        batch = _batch(events)
        charged = final_charged(batch, find_truth(batch))
        collision = np.zeros((len(events), 3)) + np.array([*detector.beam_spot_shift, 0.0])
        candidates = track_candidates(
            charged, np.zeros(len(charged)), detector.tracker, covariance_grid(detector.tracker), streams,
            batch.number,
        )  # fmt: skip
        truth = true_parameters(candidates.particles, detector.tracker.field, collision)
        return batch, measure_tracks(candidates, truth, detector)

    return measure
