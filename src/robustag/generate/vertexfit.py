"""Adaptive vertex fit: iteratively re-weighted least squares with deterministic annealing.

Each track enters with weight w = 1 / (1 + exp((chi2 - cut^2) / 2T)), where chi2 is its distance to the vertex
in units of its own covariance; T falls from 256 to 1, so that far tracks are first heard, then ignored
(W. Waltenberger, R. Fruehwirth, P. Vanlaer, J. Phys. G 34 (2007) N343). Tracks are taken to the vertex on the
exact helix; their covariance is transported to first order.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from robustag.generate.helix import CURVATURE, perigee

SIGMA_CUT = 3.0
TEMPERATURES = (256.0, 64.0, 16.0, 4.0, 1.0, 1.0, 1.0, 1.0)
# A fit stops when a step at the last temperature is shorter than this [mm].
_STEP = 1e-4
_MAX_STEPS = 20


@njit(cache=True)
def track_at(parameters, covariance, field, x, y, z):
    """A track seen from the point (x, y, z).

    parameters: (d0, z0, phi, theta, q/p) at the origin; covariance: its 15 numbers; field in T. Returns
    (d0, z0, phi) relative to the point and the inverse covariance of (d0, z0) as (i11, i12, i22).

    With s the transverse path to the point, d0 moves by s dphi - CURVATURE B s^2 / (2 sin theta) d(q/p) and
    z0 by -s / sin^2(theta) dtheta.
    """
    d0, z0, phi, theta, qoverp = parameters
    sine = math.sin(theta)
    cot_theta = math.cos(theta) / sine
    kappa = CURVATURE * field * qoverp / sine
    start_x, start_y = -d0 * math.sin(phi), d0 * math.cos(phi)
    d, dz, phi_there = perigee(start_x, start_y, z0, phi, cot_theta, kappa, x, y, z)
    s = x * math.cos(phi) + y * math.sin(phi)
    g = -0.5 * CURVATURE * field * s * s / sine
    h = -s / (sine * sine)
    c = covariance
    v11 = c[0] + s * s * c[5] + g * g * c[14] + 2.0 * (s * c[3] + g * c[10] + s * g * c[12])
    v12 = c[1] + h * c[6] + s * c[4] + s * h * c[8] + g * c[11] + g * h * c[13]
    v22 = c[2] + h * h * c[9] + 2.0 * h * c[7]
    determinant = v11 * v22 - v12 * v12
    return d, dz, phi_there, v22 / determinant, -v12 / determinant, v11 / determinant


@njit(cache=True)
def track_chi2(parameters, covariance, field, x, y, z):
    """Squared distance of a track to the point in units of its covariance (two degrees of freedom)."""
    d, dz, _, i11, i12, i22 = track_at(parameters, covariance, field, x, y, z)
    return i11 * d * d + 2.0 * i12 * d * dz + i22 * dz * dz


@njit(cache=True)
def track_weight(chi2, temperature):
    """Adaptive weight in [0, 1]."""
    return 1.0 / (1.0 + math.exp(min((chi2 - SIGMA_CUT * SIGMA_CUT) / (2.0 * temperature), 700.0)))


@njit(cache=True)
def invert_symmetric(m, out):
    """Invert a symmetric 3x3 matrix given and returned as (xx, xy, yy, xz, yz, zz). False when singular."""
    xx, xy, yy, xz, yz, zz = m
    c_xx, c_xy, c_xz = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - yy * xz
    determinant = xx * c_xx + xy * c_xy + xz * c_xz
    if not determinant > 0.0:
        return False
    out[0], out[1], out[3] = c_xx / determinant, c_xy / determinant, c_xz / determinant
    out[2] = (xx * zz - xz * xz) / determinant
    out[4] = (xy * xz - xx * yz) / determinant
    out[5] = (xx * yy - xy * xy) / determinant
    return True


@njit(cache=True)
def fit_vertex(
    parameters, covariance, members, field, prior, prior_weight, position, vertex_covariance, weights
):
    """Adaptive fit of one vertex.

    parameters float64 [T, 5], covariance float64 [T, 15]: all tracks; members int64 [M]: those to fit; prior
    float64 [3], mm, and prior_weight float64 [3], 1/mm^2, zero for none. `position` float64 [3] holds the
    seed on entry and the vertex on return; vertex_covariance float64 [6] (xx, xy, yy, xz, yz, zz) and weights
    float64 [M] are filled. Returns (converged, chi2, ndf): the weighted sums over tracks,
    ndf = 2 sum(w) - 3 without a prior and 2 sum(w) with one.
    """
    normal = np.empty(6)
    step = 0
    stage = 0
    while True:
        temperature = TEMPERATURES[min(stage, len(TEMPERATURES) - 1)]
        x, y, z = position[0], position[1], position[2]
        normal[0], normal[2], normal[5] = prior_weight[0], prior_weight[1], prior_weight[2]
        normal[1] = normal[3] = normal[4] = 0.0
        b_x = prior_weight[0] * (prior[0] - x)
        b_y = prior_weight[1] * (prior[1] - y)
        b_z = prior_weight[2] * (prior[2] - z)
        chi2 = 0.0
        total = 0.0
        for k in range(len(members)):
            i = members[k]
            d, dz, phi, i11, i12, i22 = track_at(parameters[i], covariance[i], field, x, y, z)
            distance = i11 * d * d + 2.0 * i12 * d * dz + i22 * dz * dz
            weight = track_weight(distance, temperature)
            weights[k] = weight
            chi2 += weight * distance
            total += weight
            # A = d(residual)/d(vertex): rows (sin phi, -cos phi, 0) and (cot cos phi, cot sin phi, -1).
            cot_theta = 1.0 / math.tan(parameters[i, 3])
            a_x, a_y = math.sin(phi), -math.cos(phi)
            e_x, e_y = -cot_theta * a_y, cot_theta * a_x
            u_x, u_y, u_z = i11 * a_x + i12 * e_x, i11 * a_y + i12 * e_y, -i12
            w_x, w_y, w_z = i12 * a_x + i22 * e_x, i12 * a_y + i22 * e_y, -i22
            normal[0] += weight * (a_x * u_x + e_x * w_x)
            normal[1] += weight * (a_x * u_y + e_x * w_y)
            normal[2] += weight * (a_y * u_y + e_y * w_y)
            normal[3] += weight * (a_x * u_z + e_x * w_z)
            normal[4] += weight * (a_y * u_z + e_y * w_z)
            normal[5] += weight * i22
            b_x -= weight * (u_x * d + w_x * dz)
            b_y -= weight * (u_y * d + w_y * dz)
            b_z -= weight * (u_z * d + w_z * dz)
        if not invert_symmetric(normal, vertex_covariance):
            return False, chi2, -1.0
        v = vertex_covariance
        d_x = v[0] * b_x + v[1] * b_y + v[3] * b_z
        d_y = v[1] * b_x + v[2] * b_y + v[4] * b_z
        d_z = v[3] * b_x + v[4] * b_y + v[5] * b_z
        length = math.sqrt(d_x * d_x + d_y * d_y + d_z * d_z)
        if not length < 1e4:
            return False, chi2, -1.0
        stage += 1
        step += 1
        if stage >= len(TEMPERATURES) and length < _STEP:
            ndf = 2.0 * total
            if prior_weight[0] == 0.0:
                ndf -= 3.0
            return True, chi2, ndf
        if step >= _MAX_STEPS:
            return False, chi2, -1.0
        position[0] += d_x
        position[1] += d_y
        position[2] += d_z
