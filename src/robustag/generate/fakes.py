"""Fake tracks: combinations of hits that belong to no particle."""

import numpy as np

from robustag.generate.charged import ChargedParticles
from robustag.generate.helix import wrap_phi
from robustag.generate.layers import Tracker
from robustag.generate.origins import Origin
from robustag.generate.random import Purpose, Streams, poisson
from robustag.generate.tracker import LOWER, CovarianceGrid, track_covariance
from robustag.generate.tracks import Tracks

PT_MIN = 0.5
PT_MAX = 20.0
# Hits are combined where particles are: this far [eta, phi] around one of them.
SPREAD = 0.1
# Track finders ask tracks to point at the collision: |d0| and |z0| [mm] to it.
D0_MAX = 2.0
Z0_MAX = 5.0


def fake_tracks(
    particles: ChargedParticles,
    rate: float,
    number: np.ndarray,
    collision: np.ndarray,
    tracker: Tracker,
    grid: CovarianceGrid,
    streams: Streams,
) -> Tracks:
    """Make a Poisson number of fakes an event with the mean `rate`.

    particles: what the fakes are made of; number: uint64 [E]; collision: float64 [E, 3], mm. pT falls like
    pT^-3, d0 and z0 to the collision are uniform, the charge is even. A larger rate adds fakes and moves
    none. Events without charged particles have no fakes.
    """
    events = len(number)
    count = poisson(streams.uniform(Purpose.FAKE_COUNT, number), rate)
    first = np.searchsorted(particles.event, np.arange(events + 1))
    candidates = np.diff(first)
    count[candidates == 0] = 0
    event = np.repeat(np.arange(events), count)
    serial = np.arange(len(event)) - np.repeat(np.cumsum(count) - count, count)
    draws = streams.uniform(Purpose.FAKE_TRACK, number[event, None], serial[:, None], np.arange(5)[None, :])
    smear = streams.normal(Purpose.FAKE_TRACK, number[event, None], serial[:, None], np.arange(5, 7)[None, :])

    px, py, pz = particles.momentum[first[event] + (draws[:, 0] * candidates[event]).astype(np.int64)].T
    eta = np.arcsinh(pz / np.hypot(px, py)) + SPREAD * smear[:, 0]
    eta = np.clip(eta, -tracker.eta_max, tracker.eta_max)
    phi = wrap_phi(np.arctan2(py, px) + SPREAD * smear[:, 1])
    pt = np.minimum(PT_MIN / np.sqrt(draws[:, 1]), PT_MAX)
    charge = np.where(draws[:, 2] < 0.5, -1, 1)
    x, y, z = collision[event].T
    d0 = D0_MAX * (2.0 * draws[:, 3] - 1.0) + y * np.cos(phi) - x * np.sin(phi)
    z0 = Z0_MAX * (2.0 * draws[:, 4] - 1.0) + z
    theta = 2.0 * np.arctan(np.exp(-eta))
    covariance = track_covariance(grid, tracker, pt, theta, charge)
    parameters = np.column_stack([d0, z0, phi, theta, charge * np.sin(theta) / pt])
    return Tracks(
        event=event,
        particle=np.full(len(event), -1),
        parameters=parameters,
        truth=np.full_like(parameters, np.nan),
        covariance=np.ascontiguousarray(covariance[:, LOWER[0], LOWER[1]]),
        origin=np.full(len(event), Origin.FAKE, np.uint8),
    )
