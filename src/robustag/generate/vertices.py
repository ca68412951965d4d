"""Primary vertices of events and secondary vertices of jets.

Secondary vertices come from adaptive vertex reconstruction: fit all free tracks of the jet, let the tracks
with weight above one half become a vertex, repeat with the rest (W. Waltenberger, "Adaptive vertex
reconstruction", CMS NOTE 2008/033).
"""

from dataclasses import dataclass

import numpy as np

from robustag.generate.kernels import (
    PRIMARY_TRACKS,
    find_primaries,
    find_secondaries,
    fit_primaries,
    weights_at,
)
from robustag.generate.layers import BeamSpot
from robustag.generate.tracks import Tracks

PRIMARY_PT_MIN = 0.5
PRIMARY_D0_MAX = 1.0
# Tracks with at least this weight belong to the primary vertex and are not offered to secondary ones.
PRIMARY_WEIGHT = 0.9
# Tracks this close to the primary vertex, |z0| sin(theta) [mm], are not given to another.
PRIMARY_Z0_MAX = 1.0
# Events this far apart [mm] share no track along the beam.
_FAR = 1e5
_ROUNDING = 1e-6


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


def _vertex_tracks(tracks: Tracks, events: int, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tracks that primary vertices are made of, in rising `key` [T] inside an event.

    Returns int64 [E + 1], int64 [M]: the tracks of event e are members[first[e] : first[e + 1]].
    """
    members = np.flatnonzero(
        (tracks.pt > PRIMARY_PT_MIN) & (np.abs(tracks.parameters[:, 0]) < PRIMARY_D0_MAX)
    )
    members = members[np.lexsort((key[members], tracks.event[members]))]
    return np.searchsorted(tracks.event[members], np.arange(events + 1)), members


def fit_primary_vertices(tracks: Tracks, events: int, beam_spot: BeamSpot, field: float) -> PrimaryVertices:
    """Fit the primary vertex of every event with the beam spot as a Gaussian constraint.

    Uses tracks with pT > 0.5 GeV and |d0| < 1 mm and starts at their median z0. An event without such tracks
    gets the beam spot itself.
    """
    z0 = tracks.parameters[:, 1]
    first, members = _vertex_tracks(tracks, events, z0)
    seed = np.zeros(events)
    some = np.flatnonzero(np.diff(first))
    seed[some] = z0[members[(first[some] + first[some + 1]) // 2]]
    result = np.empty((events, 11))
    fit_primaries(
        tracks.parameters,
        tracks.covariance,
        first,
        members,
        seed,
        field,
        beam_spot.widths**-2.0,
        result,
    )
    position = result[:, :3].copy()
    weight = primary_weights(tracks, position, field)
    return PrimaryVertices(position, result[:, 3:9], result[:, 9], result[:, 10], weight)


def choose_primary_vertices(
    tracks: Tracks, events: int, beam_spot: BeamSpot, field: float
) -> tuple[Tracks, PrimaryVertices, np.ndarray]:
    """Find all vertices of bunch crossings and choose that with the largest sum of squared pT in each.

    The hardest track that is left and those within 2 mm of it along the beam are fitted as
    `fit_primary_vertices` does; at least four with weights above one half become a vertex, and the search
    goes on without them. The sum is over all tracks within the 2 mm: those of b hadrons fit to no vertex.
    An event without a vertex gets the beam spot itself.

    Returns the tracks that no other vertex takes away from the chosen one (`_elsewhere`), the chosen vertices
    for them, and how many there were to choose from, int64 [E].
    """
    pt = tracks.pt
    first, members = _vertex_tracks(tracks, events, -pt)
    prior_weight = beam_spot.widths**-2.0
    found = np.empty((len(members) // PRIMARY_TRACKS, 13))
    vertices = find_primaries(
        tracks.parameters, tracks.covariance, pt, first, members, field, prior_weight, found
    )
    found = found[:vertices]
    event = found[:, 12].astype(np.int64)
    count = np.bincount(event, minlength=events)
    some = np.flatnonzero(count)
    hardest = np.lexsort((-found[:, 11], event))[(np.cumsum(count) - count)[some]]
    result = np.zeros((events, 11))
    result[:, [3, 5, 8]] = 1.0 / prior_weight
    result[some] = found[hardest, :11]
    position = result[:, :3].copy()
    near = tracks.take(~_elsewhere(tracks, event, found[:, 2], position[:, 2]))
    weight = primary_weights(near, position, field)
    return near, PrimaryVertices(position, result[:, 3:9], result[:, 9], result[:, 10], weight), count


def _elsewhere(tracks: Tracks, event: np.ndarray, z: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Whether each track is nearer along the beam to another vertex, and not at the chosen one. bool [T].

    event, z: [V], all vertices in the order of their events; chosen: float64 [E], z of the chosen ones. mm.
    """
    # On one axis with the events far apart, the nearest vertex is one of two neighbours.
    axis = np.concatenate([[-np.inf], np.sort(event * _FAR + z), [np.inf]])
    place = tracks.event * _FAR + tracks.parameters[:, 1]
    above = np.searchsorted(axis, place)
    nearest = np.minimum(place - axis[above - 1], axis[above] - place)
    distance = np.abs(tracks.parameters[:, 1] - chosen[tracks.event])
    far = distance * np.sin(tracks.parameters[:, 3]) > PRIMARY_Z0_MAX
    # Sums with large numbers are rounded.
    return far & (nearest < distance - _ROUNDING)


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
