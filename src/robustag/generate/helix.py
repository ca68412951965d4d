"""Charged-particle helices in a solenoid, exact in the transverse plane.

Perigee convention (ATLAS): with transverse direction t = (cos phi, sin phi) and n = (-sin phi, cos phi), the
point of closest approach to the reference is d0 n. The transverse curvature is kappa = CURVATURE B q / pT
[1/mm], and phi falls by kappa per mm of transverse path.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Speed of light in GeV / (T mm): p [GeV] = CURVATURE B [T] radius [mm].
CURVATURE = 2.99792458e-4


@njit(cache=True)
def perigee(x, y, z, phi, cot_theta, kappa, ref_x, ref_y, ref_z):
    """Perigee (d0, z0, phi) relative to a reference point of the helix through (x, y, z).

    Scalars: positions in mm, direction phi [rad] at (x, y, z), kappa [1/mm], not zero. The circle's centre is
    one radius from the point along -n; d0 is the radius minus the distance from centre to reference.
    """
    radius = 1.0 / kappa
    dx = ref_x - (x + radius * math.sin(phi))
    dy = ref_y - (y - radius * math.cos(phi))
    distance = math.hypot(dx, dy)
    sign = 1.0 if radius > 0.0 else -1.0
    d0 = sign * (abs(radius) - distance)
    phi_perigee = math.atan2(-sign * dx, sign * dy)
    turn = phi - phi_perigee
    turn -= 2.0 * math.pi * math.floor(turn / (2.0 * math.pi) + 0.5)
    return d0, z + turn * radius * cot_theta - ref_z, phi_perigee


@njit(cache=True)
def perigees(position, phi, cot_theta, kappa, reference):
    """`perigee` of N helices.

    position, reference: float64 [N, 3], mm; phi, cot_theta, kappa: float64 [N]. Returns float64 [N, 3]:
    d0 [mm], z0 [mm], phi [rad].
    """
    result = np.empty((len(phi), 3))
    for i in range(len(phi)):
        result[i] = perigee(
            position[i, 0], position[i, 1], position[i, 2], phi[i], cot_theta[i], kappa[i],
            reference[i, 0], reference[i, 1], reference[i, 2],
        )  # fmt: skip
    return result


def perigee_point(d0: np.ndarray, z0: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """The point of closest approach to the reference, float64 [N, 3], mm, from perigee parameters [N]."""
    return np.stack([-d0 * np.sin(phi), d0 * np.cos(phi), z0], axis=1)
