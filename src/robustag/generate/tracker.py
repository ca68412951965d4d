"""Track-parameter covariance from first principles: resolution and multiple scattering of a layered tracker.

A track with parameters a = (d0, z0, phi, cot theta, q/pT) at the perigee gives measurements m = H a + noise.
The noise is the sensors' resolution plus the correlated displacements that scattering in each layer makes in
every layer outside it, so the best linear estimate has covariance (H^T C^-1 H)^-1 (generalised least squares;
R. Fruehwirth et al., "Data Analysis Techniques for High-Energy Physics", chapter 3).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from robustag.generate.helix import CURVATURE
from robustag.generate.layers import Tracker

# The names of the covariance columns in writer order: the lower triangle, row by row.
PARAMETERS = ("D0", "Z0", "PHI", "THETA", "QOVERP")
COVARIANCE_NAMES = tuple(PARAMETERS[i] + PARAMETERS[j] for i in range(5) for j in range(i + 1))
LOWER = np.tril_indices(5)

_PION_MASS = 0.13957


@dataclass(frozen=True)
class CovarianceGrid:
    """Covariance of (d0, z0, phi, cot theta, q/pT) on a grid of log pT and |eta|.

    log_pt: [P], eta: [E], both uniform; covariance: float64 [P, E, 5, 5] in mm, mm, rad, 1, 1/GeV.
    """

    log_pt: np.ndarray
    eta: np.ndarray
    covariance: np.ndarray


def covariance_at(tracker: Tracker, pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Covariance of (d0, z0, phi, cot theta, q/pT), float64 [..., 5, 5], for pt [GeV] and eta of one shape.

    Scattering angles follow Highland's formula (Review of Particle Physics, "Passage of particles through
    matter") for a pion; the layers are cylinders, so a track at polar angle theta sees 1/sin(theta) of the
    material.
    """
    pt, eta = np.asarray(pt, float), np.asarray(eta, float)
    radius = np.array([layer.radius for layer in tracker.layers for _ in layer.sensors])
    angle = np.array([angle for layer in tracker.layers for angle, _ in layer.sensors])
    sigma = np.array([sigma for layer in tracker.layers for _, sigma in layer.sensors])
    axial, stereo = np.cos(angle), np.sin(angle)
    design = np.stack(
        [
            axial,
            stereo,
            axial * radius,
            stereo * radius,
            -0.5 * axial * CURVATURE * tracker.field * radius**2,
        ],
        axis=1,
    )
    sin_theta = 1.0 / np.cosh(eta)[..., None, None]
    momentum = pt[..., None, None] / sin_theta
    noise = np.broadcast_to(np.diag(sigma**2), (*pt.shape, len(radius), len(radius))).copy()
    for layer in tracker.layers:
        thickness = layer.radiation_lengths / sin_theta
        beta = momentum / np.hypot(momentum, _PION_MASS)
        scattering = 0.0136 / (beta * momentum) * np.sqrt(thickness) * (1.0 + 0.038 * np.log(thickness))
        lever = np.maximum(radius - layer.radius, 0.0)
        transverse, longitudinal = axial * lever, stereo * lever
        noise += (scattering / sin_theta) ** 2 * np.outer(transverse, transverse)
        noise += (scattering / sin_theta**2) ** 2 * np.outer(longitudinal, longitudinal)
    return np.linalg.inv(design.T @ np.linalg.inv(noise) @ design)


@cache
def covariance_grid(tracker: Tracker) -> CovarianceGrid:
    """Tabulate `covariance_at` on 64 steps of log pT from 0.3 to 1000 GeV and 26 of |eta| up to the edge."""
    log_pt = np.linspace(np.log(0.3), np.log(1000.0), 64)
    eta = np.linspace(0.0, tracker.eta_max, 26)
    pt = np.maximum(np.exp(log_pt), tracker.covariance_pt_floor)
    covariance = covariance_at(tracker, *np.meshgrid(pt, eta, indexing="ij"))
    return CovarianceGrid(log_pt, eta, covariance)


def _cell(value: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower index and fraction of linear interpolation on a uniform axis, clamped to its ends."""
    place = np.clip((value - axis[0]) / (axis[1] - axis[0]), 0.0, len(axis) - 1.0)
    index = np.minimum(place.astype(np.int64), len(axis) - 2)
    return index, place - index


def track_covariance(
    grid: CovarianceGrid, tracker: Tracker, pt: np.ndarray, theta: np.ndarray, charge: np.ndarray
) -> np.ndarray:
    """Covariance of (d0, z0, phi, theta, q/p) of N tracks, float64 [N, 5, 5], in mm, rad and 1/GeV.

    pt [GeV], theta [rad], charge [+-1]: [N]. Interpolates the grid linearly (a mean of positive-definite
    matrices is one too), then changes variables: dtheta = -sin^2(theta) dcot, and
    d(q/p) = sin(theta) d(q/pT) + (q/pT) cos(theta) dtheta.
    """
    sin_theta, cos_theta = np.sin(theta), np.cos(theta)
    i, f = _cell(np.log(pt), grid.log_pt)
    j, g = _cell(np.abs(np.arctanh(cos_theta)), grid.eta)
    f, g = f[:, None, None], g[:, None, None]
    table = grid.covariance
    covariance = (1 - f) * ((1 - g) * table[i, j] + g * table[i, j + 1]) + f * (
        (1 - g) * table[i + 1, j] + g * table[i + 1, j + 1]
    )
    jacobian = np.zeros((len(pt), 5, 5))
    ip_scale = np.where(pt < tracker.low_pt, tracker.low_pt_ip_scale, 1.0)
    jacobian[:, 0, 0] = jacobian[:, 1, 1] = ip_scale
    jacobian[:, 2, 2] = 1.0
    jacobian[:, 3, 3] = -(sin_theta**2)
    # A clamped covariance is that of a track at the floor, in every variable.
    curvature = charge / np.maximum(pt, tracker.covariance_pt_floor)
    jacobian[:, 4, 3] = -(sin_theta**2) * curvature * cos_theta
    jacobian[:, 4, 4] = sin_theta
    return np.einsum("nij,njk,nlk->nil", jacobian, covariance, jacobian)
