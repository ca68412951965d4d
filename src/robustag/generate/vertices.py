"""Primary vertices of events and secondary vertices of jets.

Secondary vertices come from adaptive vertex reconstruction: fit all free tracks of the jet, let the tracks
with weight above one half become a vertex, repeat with the rest (W. Waltenberger, "Adaptive vertex
reconstruction", CMS NOTE 2008/033).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from robustag.generate.layers import BeamSpot
from robustag.generate.tracks import Tracks
from robustag.generate.vertexfit import fit_vertex, track_at, track_chi2, track_weight

PRIMARY_PT_MIN = 0.5
PRIMARY_D0_MAX = 1.0
# Tracks with at least this weight belong to the primary vertex and are not offered to secondary ones.
PRIMARY_WEIGHT = 0.9
SECONDARY_WEIGHT = 0.5
# Secondary vertices lie inside the second pixel layer (no track from outside is found).
SECONDARY_RADIUS_MAX = 100.0


@dataclass(frozen=True)
class PrimaryVertices:
    """One vertex an event: position [E, 3] mm; covariance [E, 6] mm^2 (xx, xy, yy, xz, yz, zz).

    chi2, ndf: float64 [E], NaN where the fit did not converge. track_weight: float64 [T], every track's
    weight in its event's vertex.
    """

    position: np.ndarray
    covariance: np.ndarray
    chi2: np.ndarray
    ndf: np.ndarray
    track_weight: np.ndarray


@dataclass(frozen=True)
class SecondaryVertices:
    """V vertices ordered by jet.

    jet: int64 [V]; position [V, 3] mm; covariance [V, 6] mm^2; chi2, ndf: [V]. For the K jet-track pairs they
    were sought among: member int64 [K], the pair's vertex or -1; weight [K], the track's weight in it (0 for
    none); phi [K], the track's direction there.
    """

    jet: np.ndarray
    position: np.ndarray
    covariance: np.ndarray
    chi2: np.ndarray
    ndf: np.ndarray
    member: np.ndarray
    weight: np.ndarray
    phi: np.ndarray


@njit(cache=True)
def _fit_primaries(
    offsets, parameters, covariance, first, members, seed, field, prior_weight, result, weight
):
    """Fit each event's vertex from its members[first[e] : first[e + 1]]; result: float64 [E, 11]."""
    prior = np.zeros(3)
    position = np.empty(3)
    vertex_covariance = np.empty(6)
    for e in range(len(offsets) - 1):
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
        for i in range(offsets[e], offsets[e + 1]):
            distance = track_chi2(parameters[i], covariance[i], field, position[0], position[1], position[2])
            weight[i] = track_weight(distance, 1.0)


def fit_primary_vertices(tracks: Tracks, events: int, beam_spot: BeamSpot, field: float) -> PrimaryVertices:
    """Fit the primary vertex of every event with the beam spot as a Gaussian constraint.

    Uses tracks with pT > 0.5 GeV and |d0| < 1 mm and starts at their median z0. An event without such tracks
    gets the beam spot itself.
    """
    z0 = tracks.parameters[:, 1]
    members = np.flatnonzero(
        (tracks.pt > PRIMARY_PT_MIN) & (np.abs(tracks.parameters[:, 0]) < PRIMARY_D0_MAX)
    )
    members = members[np.lexsort((z0[members], tracks.event[members]))]
    first = np.searchsorted(tracks.event[members], np.arange(events + 1))
    seed = np.zeros(events)
    some = np.flatnonzero(np.diff(first))
    seed[some] = z0[members[(first[some] + first[some + 1]) // 2]]
    offsets = np.searchsorted(tracks.event, np.arange(events + 1))
    prior_weight = np.array([beam_spot.sigma_x, beam_spot.sigma_y, beam_spot.sigma_z]) ** -2.0
    result, weight = np.empty((events, 11)), np.empty(len(tracks))
    _fit_primaries(
        offsets,
        tracks.parameters,
        tracks.covariance,
        first,
        members,
        seed,
        field,
        prior_weight,
        result,
        weight,
    )
    return PrimaryVertices(result[:, :3], result[:, 3:9], result[:, 9], result[:, 10], weight)


@njit(cache=True)
def _seed(parameters, covariance, free, field, primary, position):
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


@njit(cache=True)
def _find_secondaries(
    first, pairs, track, event, parameters, covariance, primary, field, found, member, weight, phi
):
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
                taken += weights[k] > SECONDARY_WEIGHT
            radius = math.hypot(position[0], position[1])
            if not good or taken < 2 or ndf <= 0.0 or radius > SECONDARY_RADIUS_MAX:
                break
            left = 0
            for k in range(n):
                pair = free[k]
                if weights[k] > SECONDARY_WEIGHT:
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


def find_secondary_vertices(
    jet: np.ndarray,
    track: np.ndarray,
    jet_event: np.ndarray,
    tracks: Tracks,
    primary: PrimaryVertices,
    field: float,
) -> SecondaryVertices:
    """Find the secondary vertices of J jets among their tracks that the primary vertex does not claim.

    jet, track: int64 [K], jet-track pairs ordered by jet; jet_event: int64 [J].
    """
    free = np.flatnonzero(primary.track_weight[track] < PRIMARY_WEIGHT)
    first = np.searchsorted(jet[free], np.arange(len(jet_event) + 1))
    member, weight, phi = np.full(len(jet), -1), np.zeros(len(jet)), np.full(len(jet), np.nan)
    found = np.empty((len(free) // 2, 12))
    vertices = _find_secondaries(
        first, free, track, jet_event, tracks.parameters, tracks.covariance, primary.position, field,
        found, member, weight, phi,
    )  # fmt: skip
    found = found[:vertices]
    return SecondaryVertices(
        found[:, 11].astype(np.int64),
        found[:, :3],
        found[:, 3:9],
        found[:, 9],
        found[:, 10],
        member,
        weight,
        phi,
    )
