"""Charged particles to measured tracks: acceptance, efficiency, exact perigee, correlated smearing."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from robustag.generate.charged import ChargedParticles
from robustag.generate.detector import Detector
from robustag.generate.helix import CURVATURE, wrap_phi
from robustag.generate.kernels import perigees
from robustag.generate.layers import EfficiencyTable, Tracker
from robustag.generate.random import Purpose, Streams
from robustag.generate.tracker import LOWER, CovarianceGrid, track_covariance


@dataclass(frozen=True)
class Tracks:
    """T measured tracks, in the order of their events.

    event: int64 [T]; particle: int64 [T], flat index in the batch, -1 for fakes; parameters and truth:
    float64 [T, 5], measured and true (d0, z0, phi, theta, q/p) at the perigee to the beam line's centre, in
    mm, rad, 1/GeV; covariance: float64 [T, 15], reported, lower triangle row by row; origin: uint8 [T],
    `origins.Origin`.
    """

    event: np.ndarray
    particle: np.ndarray
    parameters: np.ndarray
    truth: np.ndarray
    covariance: np.ndarray
    origin: np.ndarray

    def __len__(self) -> int:
        return len(self.event)

    @property
    def pt(self) -> np.ndarray:
        """Transverse momentum [GeV], float64 [T]."""
        return np.sin(self.parameters[:, 3]) / np.abs(self.parameters[:, 4])

    @property
    def eta(self) -> np.ndarray:
        """Pseudorapidity, float64 [T]."""
        return np.arctanh(np.cos(self.parameters[:, 3]))

    def take(self, chosen: np.ndarray) -> Self:
        """Some of them: bool [T] or ascending indices."""
        return replace(self, **{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


@dataclass(frozen=True)
class TrackCandidates:
    """What every variation of a detector's response shares: N candidates in the order of their events.

    particles: who they are; covariance: float64 [N, 15]; smearing: float64 [N, 5], the Gaussian errors;
    efficiency: float64 [N]; found, tail: float64 [N], uniform numbers to compare with efficiency and tail
    fraction; core: float64 [N], how deep in a dense jet (0 to 1).
    """

    particles: ChargedParticles
    covariance: np.ndarray
    smearing: np.ndarray
    efficiency: np.ndarray
    found: np.ndarray
    tail: np.ndarray
    core: np.ndarray


def efficiency_of(table: EfficiencyTable, pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Look up the tracking efficiency; zero below the first pT edge and outside the eta range. Shapes [N]."""
    row = np.digitize(np.abs(eta), table.eta_edges) - 1
    column = np.digitize(pt, table.pt_edges) - 1
    values = np.asarray(table.values)
    inside = (column >= 0) & (row < len(values))
    return np.where(inside, values[np.clip(row, 0, len(values) - 1), np.maximum(column, 0)], 0.0)


def tracking_efficiency(particles: ChargedParticles, tracker: Tracker) -> np.ndarray:
    """Efficiency by kind, pT, eta and radius of production, float64 [N].

    A particle born in or outside a layer leaves no hit there.
    """
    pt = particles.pt
    eta = np.arcsinh(particles.momentum[:, 2] / pt)
    tables = (tracker.hadron_efficiency, tracker.electron_efficiency, tracker.muon_efficiency)
    hadron, electron, muon = (efficiency_of(table, pt, eta) for table in tables)
    efficiency = np.select([particles.kind == 11, particles.kind == 13], [electron, muon], hadron)
    birth = np.hypot(particles.vertex[:, 0], particles.vertex[:, 1])
    for radius, factor in tracker.late_production:
        # A crossing is known to rounding only.
        efficiency[birth > radius * (1.0 - 1e-9)] *= factor
    return efficiency


def track_candidates(
    particles: ChargedParticles,
    core: np.ndarray,
    tracker: Tracker,
    grid: CovarianceGrid,
    streams: Streams,
    number: np.ndarray,
) -> TrackCandidates:
    """Draw all random numbers of the particles that a tracker can find.

    core: float64 [N]; number: uint64 [E]. A particle's numbers are addressed by its event and its own key, so
    nothing about one depends on another.
    """
    efficiency = tracking_efficiency(particles, tracker)
    possible = np.flatnonzero(efficiency > 0.0)
    particles = particles.take(possible)
    pt, theta = particles.pt, np.arctan2(particles.pt, particles.momentum[:, 2])
    covariance = track_covariance(grid, tracker, pt, theta, particles.charge)
    who, key = number[particles.event], particles.key
    normals = streams.normal(Purpose.TRACK_SMEARING, who[:, None], key[:, None], np.arange(5)[None, :])
    return TrackCandidates(
        particles=particles,
        # One memory layout whatever the number of tracks, so that the kernels are compiled once.
        covariance=np.ascontiguousarray(covariance[:, LOWER[0], LOWER[1]]),
        smearing=np.einsum("nij,nj->ni", np.linalg.cholesky(covariance), normals),
        efficiency=efficiency[possible],
        found=streams.uniform(Purpose.TRACK_EFFICIENCY, who, key),
        tail=streams.uniform(Purpose.TRACK_TAIL, who, key),
        core=core[possible],
    )


def true_parameters(particles: ChargedParticles, field: float, collision: np.ndarray) -> np.ndarray:
    """True (d0, z0, phi, theta, q/p) at the perigee to the beam line's centre, float64 [N, 5].

    field in T; collision: float64 [E, 3], mm, where the particles' vertices count from.
    """
    px, py, pz = particles.momentum.T
    pt, charge = particles.pt, particles.charge
    origin = particles.vertex + collision[particles.event]
    kappa = CURVATURE * field * charge / pt
    perigee = perigees(origin, np.arctan2(py, px), pz / pt, kappa, np.zeros_like(origin))
    theta = np.arctan2(pt, pz)
    return np.column_stack([perigee, theta, charge * np.sin(theta) / pt])


def measure_tracks(candidates: TrackCandidates, truth: np.ndarray, detector: Detector) -> Tracks:
    """Find and measure the candidates, with their true parameters [N, 5], in one detector.

    Errors of d0 and z0 are a mixture of two Gaussians: the core of the covariance, and with the chance
    `tail_fraction` one `tail_scale` times as wide; the reported covariance is that of the core.
    """
    chance = detector.efficiency * candidates.efficiency * (1.0 - detector.core_loss * candidates.core)
    found = np.flatnonzero(candidates.found < chance)
    truth, smearing = truth[found], candidates.smearing[found]
    scale = np.where(candidates.tail[found] < detector.tail_fraction, detector.tail_scale, 1.0)
    smearing[:, 0] *= detector.d0_resolution * scale
    smearing[:, 1] *= detector.z0_resolution * scale
    parameters = truth + smearing
    parameters[:, 2] = wrap_phi(parameters[:, 2])
    particles = candidates.particles
    return Tracks(
        event=particles.event[found],
        particle=particles.particle[found],
        parameters=parameters,
        truth=truth,
        covariance=candidates.covariance[found],
        origin=particles.origin[found],
    )


def join_tracks(*parts: Tracks) -> Tracks:
    """All tracks together, in the order of their events and inside an event in the order of the parts."""
    order = np.argsort(np.concatenate([part.event for part in parts]), kind="stable")
    return Tracks(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])[order]
            for field in fields(Tracks)
        }
    )
