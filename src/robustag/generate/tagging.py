"""The tagging variables: 14 high-level numbers per jet and 28 numbers per track.

Names, order, units and meaning follow the public data set of Guest et al., Phys. Rev. D 94 (2016) 112002.
What does not exist (no vertex, too few tracks) is NaN.
"""

from dataclasses import dataclass

import numpy as np

from robustag.generate.helix import wrap_phi
from robustag.generate.impact import (
    JetTracks,
    impact_parameter_variables,
    perigee_to,
    ratio,
    signed_significances,
)
from robustag.generate.jets import Jets
from robustag.generate.layers import Tracker
from robustag.generate.tracker import COVARIANCE_NAMES, PARAMETERS
from robustag.generate.tracks import Tracks
from robustag.generate.vertices import PRIMARY_WEIGHT, PrimaryVertices, SecondaryVertices

_PION_MASS = 0.13957

JET_VARIABLES = (
    "track_2_d0_significance",
    "track_3_d0_significance",
    "track_2_z0_significance",
    "track_3_z0_significance",
    "n_tracks_over_d0_threshold",
    "jet_prob",
    "jet_width_eta",
    "jet_width_phi",
    "vertex_significance",
    "n_secondary_vertices",
    "n_secondary_vertex_tracks",
    "delta_r_vertex",
    "vertex_mass",
    "vertex_energy_fraction",
)
TRACK_VARIABLES = (
    *PARAMETERS,
    *COVARIANCE_NAMES,
    "weight",
    "vertex_mass",
    "vertex_displacement",
    "vertex_delta_eta_jet",
    "vertex_delta_phi_jet",
    "vertex_displacement_significance",
    "vertex_n_tracks",
    "vertex_energy_fraction",
)


@dataclass(frozen=True)
class VertexKinematics:
    """G groups of tracks (secondary vertices, or a jet's primary-vertex tracks): float64 [G], GeV and rad."""

    n_tracks: np.ndarray
    energy: np.ndarray
    mass: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray


def _kinematics(
    group: np.ndarray, groups: int, pt: np.ndarray, phi: np.ndarray, theta: np.ndarray
) -> VertexKinematics:
    """Sum the momenta of tracks (pions) by group; group: int64 [K], pt, phi, theta: [K]."""
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt / np.tan(theta)
    energy = np.sqrt(pt**2 + pz**2 + _PION_MASS**2)
    px, py, pz, energy = (np.bincount(group, value, minlength=groups) for value in (px, py, pz, energy))
    count = np.bincount(group, minlength=groups).astype(float)
    mass = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0.0))
    total = np.hypot(px, py)
    eta = np.arcsinh(ratio(pz, total))
    return VertexKinematics(count, energy, mass, total, eta, np.arctan2(py, px))


@dataclass(frozen=True)
class Flight:
    """V flights from primary to secondary vertex: length and its error [mm], direction eta, phi. [V]."""

    length: np.ndarray
    error: np.ndarray
    eta: np.ndarray
    phi: np.ndarray


def flights(secondary: SecondaryVertices, primary: PrimaryVertices, event: np.ndarray) -> Flight:
    """Flight of each secondary vertex; the error is that of both vertices, along it."""
    path = secondary.position - primary.position[event]
    length = np.sqrt((path**2).sum(axis=1))
    x, y, z = (path / length[:, None]).T
    covariance = secondary.covariance + primary.covariance[event]
    xx, xy, yy, xz, yz, zz = covariance.T
    variance = xx * x * x + yy * y * y + zz * z * z + 2.0 * (xy * x * y + xz * x * z + yz * y * z)
    return Flight(length, np.sqrt(variance), np.arctanh(z), np.arctan2(y, x))


def tagging_variables(
    jets: Jets,
    pairs: JetTracks,
    tracks: Tracks,
    primary: PrimaryVertices,
    secondary: SecondaryVertices,
    tracker: Tracker,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Everything about jets, their tracks and their secondary vertices.

    Returns three dicts of float64 arrays: JET_VARIABLES [J] and their signed twins; TRACK_VARIABLES [K] with
    the signed significances and the truth (true_D0, true_Z0 [mm] of the true helix, relative to the fitted
    primary vertex like D0 and Z0, and true_QOVERP [1/GeV]; NaN for fakes; origin uint8, see
    `origins.Origin`); and for the V secondary vertices mass, pt, eta, phi, ntracks, dlen [mm], dlenSig, chi2
    (per degree of freedom), x, y, z [mm].
    """
    n_jets, n_vertices = len(jets), len(secondary.jet)
    parameters, pt = tracks.parameters[pairs.track], tracks.pt[pairs.track]
    theta, qoverp = parameters[:, 3], parameters[:, 4]
    energy = np.hypot(pt / np.sin(theta), _PION_MASS)
    jet_energy = np.bincount(pairs.jet, energy, minlength=n_jets)

    inside = np.flatnonzero(secondary.member >= 0)
    vertex = secondary.member[inside]
    kinematics = _kinematics(vertex, n_vertices, pt[inside], secondary.phi[inside], theta[inside])
    flight = flights(secondary, primary, jets.event[secondary.jet])
    significance = flight.length / flight.error
    vertex_fraction = kinematics.energy / jet_energy[secondary.jet]
    d_eta = flight.eta - jets.eta[secondary.jet]
    d_phi = wrap_phi(flight.phi - jets.phi[secondary.jet])

    def per_jet(values: np.ndarray) -> np.ndarray:
        return np.bincount(secondary.jet, values, minlength=n_jets)

    any_vertex = np.bincount(secondary.jet, minlength=n_jets) > 0
    inverse_variance = flight.error**-2.0
    jet_variables = impact_parameter_variables(jets, pairs, tracks, tracker.prompt) | {
        "vertex_significance": ratio(
            per_jet(flight.length * inverse_variance), np.sqrt(per_jet(inverse_variance))
        ),
        "n_secondary_vertices": np.where(any_vertex, per_jet(np.ones(n_vertices)), np.nan),
        "n_secondary_vertex_tracks": np.where(any_vertex, per_jet(kinematics.n_tracks), np.nan),
        "delta_r_vertex": ratio(
            per_jet(kinematics.n_tracks * np.hypot(d_eta, d_phi)), per_jet(kinematics.n_tracks)
        ),
        "vertex_mass": np.where(any_vertex, per_jet(kinematics.mass), np.nan),
        "vertex_energy_fraction": np.where(any_vertex, per_jet(vertex_fraction), np.nan),
    }

    primary_weight = primary.track_weight[pairs.track]
    at_primary = np.flatnonzero((secondary.member < 0) & (primary_weight >= PRIMARY_WEIGHT))
    prompt = _kinematics(
        pairs.jet[at_primary], n_jets, pt[at_primary], pairs.perigee[at_primary, 2], theta[at_primary]
    )

    def per_track(of_secondary: np.ndarray, of_primary: np.ndarray) -> np.ndarray:
        result = np.full(len(pairs.jet), np.nan)
        result[inside] = of_secondary[vertex]
        result[at_primary] = of_primary[pairs.jet[at_primary]]
        return result

    zero, none = np.zeros(n_jets), np.full(n_jets, np.nan)
    track_variables = {
        "D0": pairs.perigee[:, 0],
        "Z0": pairs.perigee[:, 1],
        "PHI": wrap_phi(pairs.perigee[:, 2] - jets.phi[pairs.jet]),
        "THETA": theta - 2.0 * np.arctan(np.exp(-jets.eta[pairs.jet])),
        "QOVERP": qoverp,
        **dict(zip(COVARIANCE_NAMES, tracks.covariance[pairs.track].T, strict=True)),
        "weight": np.where(secondary.member >= 0, secondary.weight, primary_weight),
        "vertex_mass": per_track(kinematics.mass, prompt.mass),
        "vertex_displacement": per_track(flight.length, zero),
        "vertex_delta_eta_jet": per_track(d_eta, none),
        "vertex_delta_phi_jet": per_track(d_phi, none),
        "vertex_displacement_significance": per_track(significance, zero),
        "vertex_n_tracks": per_track(kinematics.n_tracks, prompt.n_tracks),
        "vertex_energy_fraction": per_track(vertex_fraction, ratio(prompt.energy, jet_energy)),
    }
    true = perigee_to(primary.position[pairs.event], tracks.truth[pairs.track], tracker.field)
    signed_d0, signed_z0 = signed_significances(jets, pairs, tracks)
    extra_variables = {
        "d0_signed_significance": signed_d0,
        "z0_signed_significance": signed_z0,
        "true_D0": true[:, 0],
        "true_Z0": true[:, 1],
        "true_QOVERP": tracks.truth[pairs.track, 4],
        "origin": tracks.origin[pairs.track],
    }
    vertex_variables = {
        "mass": kinematics.mass,
        "pt": kinematics.pt,
        "eta": kinematics.eta,
        "phi": kinematics.phi,
        "ntracks": kinematics.n_tracks,
        "dlen": flight.length,
        "dlenSig": significance,
        "chi2": secondary.chi2 / secondary.ndf,
        **dict(zip(("x", "y", "z"), secondary.position.T, strict=True)),
    }
    return jet_variables, track_variables | extra_variables, vertex_variables
