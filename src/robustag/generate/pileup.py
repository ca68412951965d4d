"""Pile-up: other collisions of the same bunch crossing, overlaid from a pool of minimum-bias collisions."""

from dataclasses import dataclass, replace

import numpy as np

from robustag.errors import InputError
from robustag.generate.charged import ChargedParticles
from robustag.generate.layers import BeamSpot, Tracker
from robustag.generate.minimum_bias import Pool
from robustag.generate.pythia import ParticleBatch
from robustag.generate.random import Purpose, Streams, poisson
from robustag.generate.tracks import tracking_efficiency

# Collisions this close in z [mm] look like one.
SEPARATION = 1.0
# Final, as a status code of Pythia.
_FINAL = 1


@dataclass(frozen=True)
class BunchCrossings:
    """E bunch crossings: hard collisions with what is piled up on them.

    batch: all particles, those of an event's hard collision first; collision: int64 [P], each particle's
    pile-up collision, -1 for those of the hard one; hard: float64 [E, 3] in mm, points of the hard collisions
    in an unshifted beam, from which vertices of the batch count; offset: float64 [K, 3] in mm, of the K
    pile-up collisions from the hard one of their event; count: int64 [E], pile-up collisions; mean: of the
    Poisson distribution of their number.
    """

    batch: ParticleBatch
    collision: np.ndarray
    hard: np.ndarray
    offset: np.ndarray
    count: np.ndarray
    mean: float


def overlay(
    batch: ParticleBatch, pool: Pool | None, mean: float, beam_spot: BeamSpot, streams: Streams
) -> BunchCrossings:
    """Add a Poisson number of the pool's collisions to every event, anywhere in the luminous region.

    Each is turned by an azimuth of its own, so that the pool is not seen twice the same way. A larger mean
    adds collisions and changes none. Raises InputError when there is pile-up and no pool.
    """
    number = batch.number
    hard = beam_spot.widths * streams.normal(Purpose.BEAM_SPOT, number[:, None], np.arange(3)[None, :])
    own = np.full(len(batch.event), -1)
    if mean == 0.0:
        return BunchCrossings(batch, own, hard, np.empty((0, 3)), np.zeros(len(number), np.int64), mean)
    if pool is None:
        raise InputError("detector: pile_up needs a pool of minimum-bias collisions; make one with make_pool")
    count = poisson(streams.uniform(Purpose.PILE_UP_COUNT, number), mean)
    event = np.repeat(np.arange(len(number)), count)
    who, serial = number[event], np.arange(len(event)) - np.repeat(np.cumsum(count) - count, count)
    chosen = (streams.uniform(Purpose.PILE_UP_COLLISION, who, serial, 0) * len(pool)).astype(np.int64)
    turn = 2.0 * np.pi * streams.uniform(Purpose.PILE_UP_COLLISION, who, serial, 1)
    normal = streams.normal(Purpose.PILE_UP_POSITION, who[:, None], serial[:, None], np.arange(3)[None, :])
    offset = beam_spot.widths * normal - hard[event]

    size = np.diff(pool.offsets)[chosen]
    collision = np.repeat(np.arange(len(event)), size)
    source = np.arange(len(collision)) + (pool.offsets[chosen] - np.cumsum(size) + size)[collision]
    momentum = _turned(pool.momentum[source], turn[collision])
    mass = pool.mass[source].astype(np.float64)
    energy = np.sqrt((momentum**2).sum(axis=1) + mass**2)
    vertex = _turned(pool.vertex[source], turn[collision]) + offset[collision]

    events = np.concatenate([batch.event, event[collision]])
    order = np.argsort(events, kind="stable")

    def joined(column: np.ndarray, added: np.ndarray | int) -> np.ndarray:
        added = np.broadcast_to(added, (len(source), *column.shape[1:]))
        return np.concatenate([column, added.astype(column.dtype)])[order]

    whole = replace(
        batch,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(events, minlength=len(number)))]),
        event=events[order],
        pdg_id=joined(batch.pdg_id, pool.pdg_id[source]),
        status=joined(batch.status, _FINAL),
        mother=joined(batch.mother, 0),
        daughter1=joined(batch.daughter1, 0),
        daughter2=joined(batch.daughter2, 0),
        momentum=joined(batch.momentum, np.column_stack([momentum, energy])),
        mass=joined(batch.mass, mass),
        vertex=joined(batch.vertex, vertex),
    )
    return BunchCrossings(whole, np.concatenate([own, collision])[order], hard, offset, count, mean)


def charged_elsewhere(
    crossings: BunchCrossings, charged: ChargedParticles, tracker: Tracker, streams: Streams
) -> np.ndarray:
    """Those of the charged pile-up particles whose tracks tell them from the hard collision; flat, int64.

    They are found by the tracker, and come from a collision further than SEPARATION from the hard one. What
    is reconstructed and not is decided by the random numbers of `tracks`.
    """
    distance = np.abs(crossings.offset[crossings.collision[charged.particle], 2])
    chance = streams.uniform(Purpose.TRACK_EFFICIENCY, crossings.batch.number[charged.event], charged.key)
    return charged.particle[(distance > SEPARATION) & (chance < tracking_efficiency(charged, tracker))]


def _turned(vectors: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Vectors [N, 3] turned about the beam by angles [N], rad; float64."""
    x, y, z = vectors.T.astype(np.float64)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.column_stack([cosine * x - sine * y, sine * x + cosine * y, z])
