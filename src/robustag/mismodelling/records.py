"""Jets with their tracks and primary vertices, flat: what an ntuple is read into, and made from again."""

from dataclasses import dataclass
from pathlib import Path

import awkward as ak
import numpy as np

from robustag.generate.branches import PRIMARY_COVARIANCE, jet_branches
from robustag.generate.helix import CURVATURE, perigee_point
from robustag.generate.impact import TRACK_D0_MAX, JetTracks, perigee_to
from robustag.generate.jets import Jets
from robustag.generate.kernels import perigees
from robustag.generate.layers import Tracker
from robustag.generate.tagging import tagging_variables
from robustag.generate.tracker import COVARIANCE_NAMES
from robustag.generate.tracks import Tracks
from robustag.generate.vertices import (
    PrimaryVertices,
    SecondaryVertices,
    find_secondary_vertices,
    primary_weights,
)
from robustag.ntuples import read_branches

_POSITION = ("PV_x", "PV_y", "PV_z")
_KEPT = (
    *("run", "luminosityBlock", "event", "genWeight", "GenVtx_x", "GenVtx_y", "GenVtx_z"),
    *("Pileup_nTrueInt", "Pileup_nPU", "PV_npvs", "PV_chi2", "PV_ndof", *_POSITION, *PRIMARY_COVARIANCE),
)
_FLAVOURS = ("hadronFlavour", "partonFlavour")
_JET = ("pt", "eta", "phi", "mass", *_FLAVOURS)
_TRACK = (
    *("jetIdx", "D0", "Z0", "PHI", "THETA", "QOVERP", *COVARIANCE_NAMES),
    *("true_D0", "true_Z0", "true_QOVERP", "origin"),
)


@dataclass(frozen=True)
class Records:
    """J jets of E events and their K tracks.

    Attributes
    ----------
    number : uint64 [E]
        Event numbers.
    jets : Jets
        By event.
    tracks : Tracks
        By event, given at the beam line; a track in two jets is there twice. Their ``particle`` is an
        address, int64 [K]: the same for both, and by which random numbers find a track.
    jet : int64 [K]
        The jet of each track.
    position : float64 [E, 3]
        Primary vertices, mm. They stay, whatever happens to tracks: most of their tracks are in no jet.
    covariance : float64 [E, 6]
        Their covariance, mm^2 (xx, xy, yy, xz, yz, zz).
    lost : bool [J]
        Jets in which the search for secondary vertices fails.
    """

    number: np.ndarray
    jets: Jets
    tracks: Tracks
    jet: np.ndarray
    position: np.ndarray
    covariance: np.ndarray
    lost: np.ndarray


def at_beam_line(
    perigee: np.ndarray, theta: np.ndarray, qoverp: np.ndarray, vertex: np.ndarray, field: float
) -> np.ndarray:
    """Parameters [K, 5] at the origin of tracks with perigee (d0, z0, phi) [K, 3] to points [K, 3]."""
    d0, z0, phi = perigee.T
    point = perigee_point(d0, z0, phi) + vertex
    kappa = CURVATURE * field * qoverp / np.sin(theta)
    moved = perigees(point, phi, 1.0 / np.tan(theta), kappa, np.zeros_like(point))
    return np.column_stack([moved, theta, qoverp])


def read_records(path: str | Path, tracker: Tracker) -> tuple[Records, dict[str, ak.Array]]:
    """Read an ntuple of this generator; with what does not depend on tracks and jets, as branches.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a branch.
    """
    names = [f"Jet_{name}" for name in _JET] + [f"Track_{name}" for name in _TRACK]
    events = read_branches(Path(path), [*_KEPT, *names])

    def flat(name: str) -> np.ndarray:
        values = ak.to_numpy(ak.flatten(events[name]))
        return values.astype(np.float64) if values.dtype.kind == "f" else values

    def event_of(name: str) -> np.ndarray:
        return np.repeat(np.arange(len(events)), ak.to_numpy(ak.num(events[name])))

    jets = Jets(event_of("Jet_pt"), *(flat(f"Jet_{name}") for name in ("pt", "eta", "phi", "mass")))
    event = event_of("Track_D0")
    jet = np.searchsorted(jets.event, event) + flat("Track_jetIdx")
    position = np.column_stack([ak.to_numpy(events[name]) for name in _POSITION]).astype(np.float64)
    qoverp = flat("Track_QOVERP")
    phi = jets.phi[jet] + flat("Track_PHI")
    theta = flat("Track_THETA") + 2.0 * np.arctan(np.exp(-jets.eta[jet]))

    def parameters(prefix: str) -> np.ndarray:
        perigee = np.column_stack([flat(f"Track_{prefix}D0"), flat(f"Track_{prefix}Z0"), phi])
        return at_beam_line(perigee, theta, flat(f"Track_{prefix}QOVERP"), position[event], tracker.field)

    tracks = Tracks(
        event=event,
        # q/p is the same number, bit by bit, in every jet that the track belongs to.
        particle=qoverp.astype(np.float32).view(np.uint32).astype(np.int64),
        parameters=parameters(""),
        truth=parameters("true_"),
        covariance=np.column_stack([flat(f"Track_{name}") for name in COVARIANCE_NAMES]),
        origin=flat("Track_origin"),
    )
    covariance = np.column_stack([ak.to_numpy(events[name]) for name in PRIMARY_COVARIANCE])
    number = ak.to_numpy(events.event).astype(np.uint64)
    lost = np.zeros(len(jets), bool)
    records = Records(number, jets, tracks, jet, position, covariance.astype(np.float64), lost)
    kept = {name: events[name] for name in _KEPT}
    return records, kept | {name: flat(f"Jet_{name}") for name in _FLAVOURS}


def reconstruct(records: Records, kept: dict[str, ak.Array], tracker: Tracker) -> dict[str, ak.Array]:
    """All branches of the records: track selection, vertices and tagging variables made anew.

    kept: as from `read_records`. GenPart, which nothing changes, stays in the nominal ntuple alone.
    """
    branches = {name: kept[name] for name in _KEPT}
    flavours = {name: kept[name] for name in _FLAVOURS}
    jets, tracks = records.jets, records.tracks
    perigee = perigee_to(records.position[tracks.event], tracks.parameters, tracker.field)
    near = np.flatnonzero(np.abs(perigee[:, 0]) < TRACK_D0_MAX)
    near = near[np.lexsort((-tracks.pt[near], records.jet[near]))]
    pairs = JetTracks(records.jet[near], near, tracks.event[near], perigee[near])
    unknown = np.full(len(records.number), np.nan)
    weight = primary_weights(tracks, records.position, tracker.field)
    primary = PrimaryVertices(records.position, records.covariance, unknown, unknown, weight)
    secondary = _secondary_vertices(records, pairs, primary, tracker.field)
    variables = tagging_variables(jets, pairs, tracks, primary, secondary, tracker)
    return branches | jet_branches(
        jets, flavours, pairs, tracks.pt[near], secondary.jet, variables, len(records.number)
    )


def _secondary_vertices(
    records: Records, pairs: JetTracks, primary: PrimaryVertices, field: float
) -> SecondaryVertices:
    """Secondary vertices of the jets in which they are not lost."""
    sought = np.flatnonzero(~records.lost[pairs.jet])
    found = find_secondary_vertices(
        pairs.jet[sought], pairs.track[sought], records.jets.event, records.tracks, primary, field
    )
    member, weight, phi = (
        np.full(len(pairs.jet), -1),
        np.zeros(len(pairs.jet)),
        np.full(len(pairs.jet), np.nan),
    )
    member[sought], weight[sought], phi[sought] = found.member, found.weight, found.phi
    return SecondaryVertices(
        found.jet, found.position, found.covariance, found.chi2, found.ndf, member, weight, phi
    )
