"""Primary vertices of events and secondary vertices of jets.

Secondary vertices come from adaptive vertex reconstruction: fit all free tracks of the jet, let the tracks
with weight above one half become a vertex, repeat with the rest (W. Waltenberger, "Adaptive vertex
reconstruction", CMS NOTE 2008/033).
"""

from __future__ import annotations

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
def _fit_primaries(offsets, parameters, covariance, usable, field, prior, prior_weight, result, weight):
    """Fit each event's vertex, seeded at the median z0 of its usable tracks; result: float64 [E, 11]."""
    for e in range(len(offsets) - 1):
        members = offsets[e] + np.flatnonzero(usable[offsets[e] : offsets[e + 1]])
        position = prior.copy()
        if len(members):
            position[2] = np.sort(parameters[members, 1])[len(members) // 2]
        cov = np.empty(6)
        good, chi2, ndf = fit_vertex(
            parameters, covariance, members, field, prior, prior_weight, position, cov, np.empty(len(members))
        )
        result[e, :3] = position
        result[e, 3:9] = cov
        result[e, 9] = chi2 if good else np.nan
        result[e, 10] = ndf if good else np.nan
        for i in range(offsets[e], offsets[e + 1]):
            distance = track_chi2(parameters[i], covariance[i], field, position[0], position[1], position[2])
            weight[i] = track_weight(distance, 1.0)


def fit_primary_vertices(tracks: Tracks, events: int, beam_spot: BeamSpot, field: float) -> PrimaryVertices:
    """Fit the primary vertex of every event with the beam spot as a Gaussian constraint.

    Uses tracks with pT > 0.5 GeV and |d0| < 1 mm. An event without tracks gets the beam spot itself.
    """
    offsets = np.searchsorted(tracks.event, np.arange(events + 1))
    usable = (tracks.pt > PRIMARY_PT_MIN) & (np.abs(tracks.parameters[:, 0]) < PRIMARY_D0_MAX)
    prior_weight = np.array([beam_spot.sigma_x, beam_spot.sigma_y, beam_spot.sigma_z]) ** -2.0
    result, weight = np.empty((events, 11)), np.empty(len(tracks))
    _fit_primaries(
        offsets,
        tracks.parameters,
        tracks.covariance,
        usable,
        field,
        np.zeros(3),
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
        local[k] = d, dz, np.cos(phi), np.sin(phi), 1.0 / np.tan(parameters[i, 3])
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
    offsets, track, free_pair, event, parameters, covariance, primary, field, member, weight, phi
):
    """Adaptive vertex reconstruction in every jet; returns the number found and their 11 numbers and jet."""
    found = np.empty((len(track) // 2 + 1, 11))
    jet_of = np.empty(len(track) // 2 + 1, np.int64)
    vertices = 0
    nothing = np.zeros(3)
    for j in range(len(offsets) - 1):
        free = offsets[j] + np.flatnonzero(free_pair[offsets[j] : offsets[j + 1]])
        while len(free) >= 2:
            members = track[free]
            position, cov, weights = np.empty(3), np.empty(6), np.empty(len(free))
            if not _seed(parameters, covariance, members, field, primary[event[j]], position):
                break
            good, chi2, ndf = fit_vertex(
                parameters, covariance, members, field, nothing, nothing, position, cov, weights
            )
            taken = weights > SECONDARY_WEIGHT
            radius = np.hypot(position[0], position[1])
            if not good or np.sum(taken) < 2 or ndf <= 0.0 or radius > SECONDARY_RADIUS_MAX:
                break
            for k in np.flatnonzero(taken):
                pair = free[k]
                i = track[pair]
                member[pair] = vertices
                weight[pair] = weights[k]
                phi[pair] = track_at(
                    parameters[i], covariance[i], field, position[0], position[1], position[2]
                )[2]  # fmt: skip
            found[vertices, :3] = position
            found[vertices, 3:9] = cov
            found[vertices, 9] = chi2
            found[vertices, 10] = ndf
            jet_of[vertices] = j
            vertices += 1
            free = free[~taken]
    return found[:vertices], jet_of[:vertices]


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
    offsets = np.searchsorted(jet, np.arange(len(jet_event) + 1))
    member, weight, phi = np.full(len(jet), -1), np.zeros(len(jet)), np.full(len(jet), np.nan)
    free = primary.track_weight[track] < PRIMARY_WEIGHT
    found, jet_of = _find_secondaries(
        offsets, track, free, jet_event, tracks.parameters, tracks.covariance, primary.position, field,
        member, weight, phi,
    )  # fmt: skip
    return SecondaryVertices(
        jet_of, found[:, :3], found[:, 3:9], found[:, 9], found[:, 10], member, weight, phi
    )
