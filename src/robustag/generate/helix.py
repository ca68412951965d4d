"""Charged-particle helices in a solenoid, exact in the transverse plane.

Perigee convention (ATLAS): with transverse direction t = (cos phi, sin phi) and n = (-sin phi, cos phi), the
point of closest approach to the reference is d0 n. The transverse curvature is kappa = CURVATURE B q / pT
[1/mm], and phi falls by kappa per mm of transverse path.
"""

import numpy as np

# Speed of light in GeV / (T mm): p [GeV] = CURVATURE B [T] radius [mm].
CURVATURE = 2.99792458e-4


def perigee_point(d0: np.ndarray, z0: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """The point of closest approach to the reference, float64 [N, 3], mm, from perigee parameters [N]."""
    return np.stack([-d0 * np.sin(phi), d0 * np.cos(phi), z0], axis=1)


def wrap_phi(phi: np.ndarray) -> np.ndarray:
    """Bring angles [rad] into [-pi, pi)."""
    return (phi + np.pi) % (2.0 * np.pi) - np.pi
