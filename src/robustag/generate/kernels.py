"""Compiled kernels: helices, the adaptive vertex fit, and the search for vertices.

They live in one module because Numba's on-disk cache notices changes only in the module of the function that
is called, not in those it calls. They run sequentially and without fast-math, so a rerun gives the same
bits.

The vertex fit is iteratively re-weighted least squares with deterministic annealing: each track enters with
weight w = 1 / (1 + exp((chi2 - cut^2) / 2T)), where chi2 is its distance to the vertex in units of its own
covariance; T falls from 256 to 1, so that far tracks are first heard, then ignored (W. Waltenberger,
R. Fruehwirth, P. Vanlaer, J. Phys. G 34 (2007) N343). Tracks are taken to the vertex on the exact helix;
their covariance is transported to first order.
"""

import math

import numpy as np

from robustag.compiling import compiled
from robustag.generate.helix import CURVATURE

SIGMA_CUT = 3.0
TEMPERATURES = (256.0, 64.0, 16.0, 4.0, 1.0, 1.0, 1.0, 1.0)
# A fit stops when a step at the last temperature is shorter than this [mm].
_STEP = 1e-3
_MAX_STEPS = 60
# Tracks above this weight become a vertex together.
MEMBER_WEIGHT = 0.5
# Secondary vertices lie inside the second pixel layer [mm] (no track from outside is found).
SECONDARY_RADIUS_MAX = 100.0
# Tracks this close in z to the hardest one that is left [mm, at the beam line] are fitted together with it.
PRIMARY_WINDOW = 2.0
# Fewer tracks are no primary vertex: two or three are often the decay of a b hadron.
PRIMARY_TRACKS = 4


@compiled
def perigee(
    x: float,
    y: float,
    z: float,
    phi: float,
    cot_theta: float,
    kappa: float,
    ref_x: float,
    ref_y: float,
    ref_z: float,
) -> tuple[float, float, float]:
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


@compiled
def perigees(
    position: np.ndarray, phi: np.ndarray, cot_theta: np.ndarray, kappa: np.ndarray, reference: np.ndarray
) -> np.ndarray:
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


@compiled
def track_at(
    parameters: np.ndarray, covariance: np.ndarray, field: float, x: float, y: float, z: float
) -> tuple[float, float, float, float, float, float]:
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


@compiled
def track_chi2(
    parameters: np.ndarray, covariance: np.ndarray, field: float, x: float, y: float, z: float
) -> float:
    """Squared distance of a track to the point in units of its covariance (two degrees of freedom)."""
    d, dz, _, i11, i12, i22 = track_at(parameters, covariance, field, x, y, z)
    return i11 * d * d + 2.0 * i12 * d * dz + i22 * dz * dz


@compiled
def track_weight(chi2: float, temperature: float) -> float:
    """Adaptive weight in [0, 1]."""
    return 1.0 / (1.0 + math.exp(min((chi2 - SIGMA_CUT * SIGMA_CUT) / (2.0 * temperature), 700.0)))


@compiled
def invert_symmetric(m: np.ndarray, out: np.ndarray) -> bool:
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


@compiled
def fit_vertex(
    parameters: np.ndarray,
    covariance: np.ndarray,
    members: np.ndarray,
    field: float,
    prior: np.ndarray,
    prior_weight: np.ndarray,
    position: np.ndarray,
    vertex_covariance: np.ndarray,
    weights: np.ndarray,
) -> tuple[bool, float, float]:
    """Adaptive fit of one vertex.

    parameters float64 [T, 5], covariance float64 [T, 15]: all tracks; members int64 [M]: those to fit; prior
    float64 [3], mm, and prior_weight float64 [3], 1/mm^2, zero for none. `position` float64 [3] holds the
    seed on entry and the vertex on return; vertex_covariance float64 [6] (xx, xy, yy, xz, yz, zz) and weights
    float64 [M] are filled. Returns (converged, chi2, ndf): the weighted sums over tracks,
    ndf = 2 sum(w) - 3 without a prior and 2 sum(w) with one.
    """
    normal = np.empty(6)
    chi2 = 0.0
    for step in range(_MAX_STEPS):
        temperature = TEMPERATURES[min(step, len(TEMPERATURES) - 1)]
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
        if step + 1 >= len(TEMPERATURES) and length < _STEP:
            ndf = 2.0 * total
            if prior_weight[0] == 0.0:
                ndf -= 3.0
            return True, chi2, ndf
        # Tracks on the edge of the cut can make full steps go to and fro for ever.
        share = 1.0 if step < len(TEMPERATURES) else 0.5
        position[0] += share * d_x
        position[1] += share * d_y
        position[2] += share * d_z
    return False, chi2, -1.0


@compiled
def fit_primaries(
    parameters: np.ndarray,
    covariance: np.ndarray,
    first: np.ndarray,
    members: np.ndarray,
    seed: np.ndarray,
    field: float,
    prior_weight: np.ndarray,
    result: np.ndarray,
) -> None:
    """Fit each event's vertex from its members[first[e] : first[e + 1]]; result: float64 [E, 11]."""
    prior = np.zeros(3)
    position = np.empty(3)
    vertex_covariance = np.empty(6)
    for e in range(len(first) - 1):
        inside = members[first[e] : first[e + 1]]
        position[0], position[1], position[2] = 0.0, 0.0, seed[e]
        good, chi2, ndf = fit_vertex(
            parameters, covariance, inside, field, prior, prior_weight, position, vertex_covariance,
            np.empty(len(inside)),
        )  # fmt: skip
        for k in range(3):
            result[e, k] = position[k]
        for k in range(6):
            result[e, 3 + k] = vertex_covariance[k]
        result[e, 9] = chi2 if good else np.nan
        result[e, 10] = ndf if good else np.nan


@compiled
def find_primaries(
    parameters: np.ndarray,
    covariance: np.ndarray,
    pt: np.ndarray,
    first: np.ndarray,
    members: np.ndarray,
    field: float,
    prior_weight: np.ndarray,
    found: np.ndarray,
) -> int:
    """Find all vertices of each event among its members[first[e] : first[e + 1]], given in falling pt [GeV].

    Fills found float64 [., 13] (position, covariance, chi2, ndf, sum of squared pt, event) and returns the
    number of vertices. The sum is over all tracks in the window, for those of b hadrons fit to no vertex.
    """
    vertices = 0
    prior = np.zeros(3)
    position = np.empty(3)
    vertex_covariance = np.empty(6)
    for e in range(len(first) - 1):
        free = members[first[e] : first[e + 1]].copy()
        n = len(free)
        while n >= PRIMARY_TRACKS:
            z = parameters[free[0], 1]
            near = np.flatnonzero(np.abs(parameters[free[:n], 1] - z) < PRIMARY_WINDOW)
            gone = np.zeros(n, np.bool_)
            # The hardest track goes in any case, so that the search ends.
            gone[0] = True
            if len(near) >= PRIMARY_TRACKS:
                weights = np.empty(len(near))
                position[0], position[1], position[2] = 0.0, 0.0, z
                good, chi2, ndf = fit_vertex(
                    parameters, covariance, free[near], field, prior, prior_weight, position,
                    vertex_covariance, weights,
                )  # fmt: skip
                taken = near[weights > MEMBER_WEIGHT]
                if good and len(taken) >= PRIMARY_TRACKS:
                    gone[taken] = True
                    for k in range(3):
                        found[vertices, k] = position[k]
                    for k in range(6):
                        found[vertices, 3 + k] = vertex_covariance[k]
                    found[vertices, 9], found[vertices, 10] = chi2, ndf
                    found[vertices, 11], found[vertices, 12] = np.sum(pt[free[near]] ** 2), e
                    vertices += 1
            kept = free[:n][~gone]
            n = len(kept)
            free[:n] = kept
    return vertices


@compiled
def weights_at(
    position: np.ndarray, parameters: np.ndarray, covariance: np.ndarray, field: float, weight: np.ndarray
) -> None:
    """Weight of T tracks at the last temperature in the vertices at position [T, 3]; fills weight [T]."""
    for i in range(len(weight)):
        distance = track_chi2(
            parameters[i], covariance[i], field, position[i, 0], position[i, 1], position[i, 2]
        )
        weight[i] = track_weight(distance, 1.0)


@compiled
def _seed(
    parameters: np.ndarray,
    covariance: np.ndarray,
    free: np.ndarray,
    field: float,
    primary: np.ndarray,
    position: np.ndarray,
) -> bool:
    """Seed: the two-track crossing that all free tracks like best. False when no two tracks cross.

    Crossings are those of the transverse tangents at the primary vertex; a crossing's score is the sum of the
    tracks' weights at temperature 4.
    """
    best = 0.0
    n = len(free)
    local = np.empty((n, 5))
    for k in range(n):
        i = free[k]
        d, dz, phi, _, _, _ = track_at(
            parameters[i], covariance[i], field, primary[0], primary[1], primary[2]
        )  # fmt: skip
        local[k, 0], local[k, 1] = d, dz
        local[k, 2], local[k, 3] = math.cos(phi), math.sin(phi)
        local[k, 4] = 1.0 / math.tan(parameters[i, 3])
    for a in range(n):
        for b in range(a):
            cross = local[a, 2] * local[b, 3] - local[a, 3] * local[b, 2]
            if abs(cross) < 1e-4:
                continue
            # Path along track a to the crossing: d_a n_a + s t_a lies on track b.
            dx = -local[b, 0] * local[b, 3] + local[a, 0] * local[a, 3]
            dy = local[b, 0] * local[b, 2] - local[a, 0] * local[a, 2]
            s = (dx * local[b, 3] - dy * local[b, 2]) / cross
            if abs(s) > SECONDARY_RADIUS_MAX:
                continue
            s_b = (dx * local[a, 3] - dy * local[a, 2]) / cross
            x = primary[0] - local[a, 0] * local[a, 3] + s * local[a, 2]
            y = primary[1] + local[a, 0] * local[a, 2] + s * local[a, 3]
            z = primary[2] + 0.5 * (local[a, 1] + s * local[a, 4] + local[b, 1] + s_b * local[b, 4])
            score = 0.0
            for i in free:
                score += track_weight(track_chi2(parameters[i], covariance[i], field, x, y, z), 4.0)
            if score > best:
                best = score
                position[0], position[1], position[2] = x, y, z
    return best > 0.0


@compiled
def find_secondaries(
    first: np.ndarray,
    pairs: np.ndarray,
    track: np.ndarray,
    event: np.ndarray,
    parameters: np.ndarray,
    covariance: np.ndarray,
    primary: np.ndarray,
    field: float,
    found: np.ndarray,
    member: np.ndarray,
    weight: np.ndarray,
    phi: np.ndarray,
) -> int:
    """Adaptive vertex reconstruction in every jet's free pairs[first[j] : first[j + 1]].

    Fills found float64 [., 12] (position, covariance, chi2, ndf, jet) and the pairs' member, weight and phi;
    returns the number of vertices.
    """
    vertices = 0
    nothing = np.zeros(3)
    position = np.empty(3)
    vertex_covariance = np.empty(6)
    for j in range(len(first) - 1):
        free = pairs[first[j] : first[j + 1]].copy()
        n = len(free)
        while n >= 2:
            members = track[free[:n]]
            weights = np.empty(n)
            if not _seed(parameters, covariance, members, field, primary[event[j]], position):
                break
            good, chi2, ndf = fit_vertex(
                parameters, covariance, members, field, nothing, nothing, position, vertex_covariance, weights
            )
            taken = 0
            for k in range(n):
                taken += weights[k] > MEMBER_WEIGHT
            radius = math.hypot(position[0], position[1])
            if not good or taken < 2 or ndf <= 0.0 or radius > SECONDARY_RADIUS_MAX:
                break
            left = 0
            for k in range(n):
                pair = free[k]
                if weights[k] > MEMBER_WEIGHT:
                    i = members[k]
                    member[pair] = vertices
                    weight[pair] = weights[k]
                    _, _, phi[pair], _, _, _ = track_at(
                        parameters[i], covariance[i], field, position[0], position[1], position[2]
                    )
                else:
                    free[left] = pair
                    left += 1
            n = left
            for k in range(3):
                found[vertices, k] = position[k]
            for k in range(6):
                found[vertices, 3 + k] = vertex_covariance[k]
            found[vertices, 9], found[vertices, 10], found[vertices, 11] = chi2, ndf, j
            vertices += 1
    return vertices
