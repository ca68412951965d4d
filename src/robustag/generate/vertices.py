"""Primary vertices of events and secondary vertices of jets.

Secondary vertices come from adaptive vertex reconstruction: fit all free tracks of the jet, let the tracks
with weight above one half become a vertex, repeat with the rest (W. Waltenberger, "Adaptive vertex
reconstruction", CMS NOTE 2008/033).
"""

from dataclasses import dataclass

import numpy as np

from robustag.generate.kernels import find_secondaries, fit_primaries, weights_at
from robustag.generate.layers import BeamSpot
from robustag.generate.tracks import Tracks

PRIMARY_PT_MIN = 0.5
PRIMARY_D0_MAX = 1.0
# Tracks with at least this weight belong to the primary vertex and are not offered to secondary ones.
PRIMARY_WEIGHT = 0.9


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
    prior_weight = np.array([beam_spot.sigma_x, beam_spot.sigma_y, beam_spot.sigma_z]) ** -2.0
    result = np.empty((events, 11))
    fit_primaries(
        tracks.parameters,
        tracks.covariance,
        first,
        members,
        seed,
        field,
        prior_weight,
        result,
    )
    position = result[:, :3].copy()
    weight = primary_weights(tracks, position, field)
    return PrimaryVertices(position, result[:, 3:9], result[:, 9], result[:, 10], weight)


def primary_weights(tracks: Tracks, position: np.ndarray, field: float) -> np.ndarray:
    """Weight of every track in the primary vertex of its event, float64 [T]; position: [E, 3], mm."""
    weight = np.empty(len(tracks))
    weights_at(position[tracks.event], tracks.parameters, tracks.covariance, field, weight)
    return weight


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
    vertices = find_secondaries(
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
