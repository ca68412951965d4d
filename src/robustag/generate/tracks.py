"""Charged particles to measured tracks: acceptance, efficiency, exact perigee, correlated smearing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robustag.generate.helix import CURVATURE, wrap_phi
from robustag.generate.kernels import perigees
from robustag.generate.labels import Truth
from robustag.generate.layers import Detector, EfficiencyTable
from robustag.generate.origins import particle_origin
from robustag.generate.pythia import ParticleBatch
from robustag.generate.random import Purpose, Streams
from robustag.generate.tracker import LOWER, CovarianceGrid, track_covariance

# Softer particles cannot become tracks above the 0.5 GeV that every later step asks for.
_TRUE_PT_MIN = 0.4


@dataclass(frozen=True)
class Tracks:
    """T measured tracks, in the order of their events.

    event: int64 [T]; particle: int64 [T], flat index in the batch; parameters and truth: float64 [T, 5],
    measured and true (d0, z0, phi, theta, q/p) at the perigee to the beam line's centre, in mm, rad, 1/GeV;
    covariance: float64 [T, 15], reported, lower triangle row by row; origin: uint8 [T], `labels.Origin`.
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


def charge_of(pdg_id: np.ndarray) -> np.ndarray:
    """Charge of pi, K, p, e, mu and the long-lived hyperons; 0 for all that leaves no track. int64 [N]."""
    positive = (211, 321, 2212, 3222, -11, -13, -3112, -3312, -3334)
    return np.isin(pdg_id, positive).astype(np.int64) - np.isin(-pdg_id, positive).astype(np.int64)


def efficiency_of(table: EfficiencyTable, pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Look up the tracking efficiency; zero below the first pT edge and outside the eta range. Shapes [N]."""
    row = np.digitize(np.abs(eta), table.eta_edges) - 1
    column = np.digitize(pt, table.pt_edges) - 1
    values = np.asarray(table.values)
    inside = (column >= 0) & (row < len(values))
    return np.where(inside, values[np.clip(row, 0, len(values) - 1), np.maximum(column, 0)], 0.0)


def beam_spot(streams: Streams, number: np.ndarray, detector: Detector) -> np.ndarray:
    """True collision points, float64 [E, 3], mm."""
    width = np.array([detector.beam_spot.sigma_x, detector.beam_spot.sigma_y, detector.beam_spot.sigma_z])
    return width * streams.normal(Purpose.BEAM_SPOT, number[:, None], np.arange(3)[None, :])


def make_tracks(
    batch: ParticleBatch,
    truth: Truth,
    detector: Detector,
    grid: CovarianceGrid,
    streams: Streams,
    collision: np.ndarray,
) -> Tracks:
    """Measure the charged final-state particles of a batch.

    collision: float64 [E, 3], mm, the true collision points. Each particle consumes one uniform number for
    efficiency and five normals for smearing, addressed by event number and particle index.
    """
    tracker = detector.tracker
    charge = charge_of(batch.pdg_id)
    pt = np.hypot(batch.momentum[:, 0], batch.momentum[:, 1])
    candidate = np.flatnonzero((batch.status > 0) & (charge != 0) & (pt > _TRUE_PT_MIN))
    px, py, pz = batch.momentum[candidate, :3].T
    pt, charge, pdg_id = pt[candidate], charge[candidate], np.abs(batch.pdg_id[candidate])
    eta = np.arcsinh(pz / pt)
    number, item = batch.number[batch.event[candidate]], batch.item[candidate]

    efficiency = np.select(
        [pdg_id == 11, pdg_id == 13],
        [
            efficiency_of(tracker.electron_efficiency, pt, eta),
            efficiency_of(tracker.muon_efficiency, pt, eta),
        ],
        efficiency_of(tracker.hadron_efficiency, pt, eta),
    )
    origin_radius = np.hypot(batch.vertex[candidate, 0], batch.vertex[candidate, 1])
    for radius, factor in tracker.late_production:
        efficiency[origin_radius > radius] *= factor
    found = streams.uniform(Purpose.TRACK_EFFICIENCY, number, item) < efficiency

    candidate, charge, px, py, pz, pt = (a[found] for a in (candidate, charge, px, py, pz, pt))
    number, item = number[found], item[found]
    event = batch.event[candidate]
    theta = np.arctan2(pt, pz)
    cot_theta, kappa = pz / pt, CURVATURE * tracker.field * charge / pt
    origin = batch.vertex[candidate] + collision[event]
    perigee = perigees(origin, np.arctan2(py, px), cot_theta, kappa, np.zeros_like(origin))
    true = np.column_stack([perigee, theta, charge * np.sin(theta) / pt])

    covariance = track_covariance(grid, tracker, pt, theta, charge)
    normals = streams.normal(Purpose.TRACK_SMEARING, number[:, None], item[:, None], np.arange(5)[None, :])
    smearing = np.einsum("nij,nj->ni", np.linalg.cholesky(covariance), normals)
    smearing[:, :2] *= detector.ip_resolution
    parameters = true + smearing
    parameters[:, 2] = wrap_phi(parameters[:, 2])
    # One memory layout whatever the number of tracks, so that the kernels are compiled once.
    lower = np.ascontiguousarray(covariance[:, LOWER[0], LOWER[1]])
    origin = particle_origin(batch, truth, candidate)
    return Tracks(event, candidate, parameters, true, lower, origin)
