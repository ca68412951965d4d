"""Tracks of jets and what their impact parameters say: significances, jet probability, widths.

D0 has the ATLAS sign (see `helix`), which for equal tracks is the opposite of the public data set's.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from robustag.generate.helix import CURVATURE, perigee_point, wrap_phi
from robustag.generate.jets import RADIUS, Jets, delta_r, pairs_in_event
from robustag.generate.kernels import perigees
from robustag.generate.resolution import PromptResolution
from robustag.generate.tracks import Tracks
from robustag.generate.vertices import PrimaryVertices

TRACK_PT_MIN = 0.5
TRACK_D0_MAX = 8.0
# The impact-parameter variables use tracks closer than this [mm]; secondary vertices use them all.
IP_D0_MAX = 2.0
D0_SIGNIFICANCE_THRESHOLD = 1.8


@dataclass(frozen=True)
class JetTracks:
    """The K jet-track pairs, ordered by jet, then falling track pT.

    jet, track: int64 [K]; event: int64 [K]; perigee: float64 [K, 3], (d0, z0, phi) relative to the event's
    primary vertex, mm and rad.
    """

    jet: np.ndarray
    track: np.ndarray
    event: np.ndarray
    perigee: np.ndarray


def perigee_to(reference: np.ndarray, parameters: np.ndarray, field: float) -> np.ndarray:
    """(d0, z0, phi), [K, 3], to reference points [K, 3] of tracks given at the origin, [K, 5]. mm, T."""
    d0, z0, phi, theta, qoverp = parameters.T
    return perigees(
        perigee_point(d0, z0, phi),
        phi,
        1.0 / np.tan(theta),
        CURVATURE * field * qoverp / np.sin(theta),
        reference,
    )


def associate_tracks(jets: Jets, tracks: Tracks, primary: PrimaryVertices, field: float) -> JetTracks:
    """Give each jet its tracks: dR < 0.4, pT > 0.5 GeV, |d0| < 8 mm relative to the primary vertex."""
    jet, track = pairs_in_event(jets.event, tracks.event)
    phi, pt, eta = tracks.parameters[:, 2], tracks.pt, tracks.eta
    close = (delta_r(jets.eta[jet], jets.phi[jet], eta[track], phi[track]) < RADIUS) & (
        pt[track] > TRACK_PT_MIN
    )
    jet, track = jet[close], track[close]
    event = jets.event[jet]
    perigee = perigee_to(primary.position[event], tracks.parameters[track], field)
    near = np.flatnonzero(np.abs(perigee[:, 0]) < TRACK_D0_MAX)
    near = near[np.lexsort((-pt[track[near]], jet[near]))]
    return JetTracks(jet[near], track[near], event[near], perigee[near])


def jet_probability(log_product: np.ndarray, n_tracks: np.ndarray) -> np.ndarray:
    """P sum_{k<n} (-ln P)^k / k! for the product P of n track probabilities; NaN for no tracks.

    The sum is the regularised upper incomplete gamma function Q(n, -ln P).
    """
    probability = gammaincc(np.maximum(n_tracks, 1), -log_product)
    return np.where(n_tracks > 0, probability, np.nan)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Quotient, NaN where the denominator is not positive."""
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0.0)


def signed_significances(jets: Jets, pairs: JetTracks, tracks: Tracks) -> tuple[np.ndarray, np.ndarray]:
    """Lifetime-signed significances of d0 and z0, float64 [K] each.

    d0's sign is that of the flight a decay at the perigee would need along the jet, sin(phi_jet - phi) d0;
    z0's is that of (eta_jet - eta) z0 (ATLAS, JINST 11 (2016) P04008, section 3).
    """
    d0, z0, phi = pairs.perigee.T
    covariance = tracks.covariance[pairs.track]
    along = np.sign(np.sin(jets.phi[pairs.jet] - phi) * d0)
    forward = np.sign((jets.eta[pairs.jet] - tracks.eta[pairs.track]) * z0)
    return along * np.abs(d0) / np.sqrt(covariance[:, 0]), forward * np.abs(z0) / np.sqrt(covariance[:, 2])


def _ranked(values: np.ndarray, jet: np.ndarray, key: np.ndarray, rank: int, n_jets: int) -> np.ndarray:
    """Value of each jet's track that is number `rank` (from 0) in falling key; NaN without one. [J]."""
    count = np.bincount(jet, minlength=n_jets)
    order = np.lexsort((-key, jet))
    first = np.cumsum(count) - count
    result = np.full(n_jets, np.nan)
    enough = count > rank
    result[enough] = values[order[first[enough] + rank]]
    return result


def impact_parameter_variables(
    jets: Jets, pairs: JetTracks, tracks: Tracks, prompt: PromptResolution
) -> dict[str, np.ndarray]:
    """Track counting, jet probability and widths: float64 [J] by name.

    Significances are |d0| / sigma and |z0| / sigma of the tracks with the second and third largest |d0|: the
    data set's lifetime sign is positive for every track in the jet cone. Signed significances rank the tracks
    by the true lifetime-signed significance of d0.
    """
    n_jets = len(jets)
    d0, z0, phi = pairs.perigee.T
    covariance, pt, eta = tracks.covariance[pairs.track], tracks.pt[pairs.track], tracks.eta[pairs.track]
    used = np.flatnonzero(np.abs(d0) < IP_D0_MAX)
    jet = pairs.jet[used]
    d0_significance = np.abs(d0[used]) / np.sqrt(covariance[used, 0])
    z0_significance = np.abs(z0[used]) / np.sqrt(covariance[used, 2])
    count = np.bincount(jet, minlength=n_jets)
    signed_d0, signed_z0 = (values[used] for values in signed_significances(jets, pairs, tracks))

    def ranked(values: np.ndarray, rank: int, key: np.ndarray) -> np.ndarray:
        return _ranked(values, jet, key, rank, n_jets)

    largest = np.abs(d0[used])
    log_product = np.bincount(jet, np.log(prompt.probability(d0_significance)), minlength=n_jets)
    over = np.bincount(jet, d0_significance > D0_SIGNIFICANCE_THRESHOLD, minlength=n_jets)
    weight, eta, phi = pt[used], eta[used] - jets.eta[jet], wrap_phi(phi[used] - jets.phi[jet])
    total = np.bincount(jet, weight, minlength=n_jets)
    return {
        "track_2_d0_significance": ranked(d0_significance, 1, largest),
        "track_3_d0_significance": ranked(d0_significance, 2, largest),
        "track_2_z0_significance": ranked(z0_significance, 1, largest),
        "track_3_z0_significance": ranked(z0_significance, 2, largest),
        "track_2_d0_signed_significance": ranked(signed_d0, 1, signed_d0),
        "track_3_d0_signed_significance": ranked(signed_d0, 2, signed_d0),
        "track_2_z0_signed_significance": ranked(signed_z0, 1, signed_d0),
        "track_3_z0_signed_significance": ranked(signed_z0, 2, signed_d0),
        "n_tracks_over_d0_threshold": over,
        "jet_prob": jet_probability(log_product, count),
        "jet_width_eta": np.sqrt(ratio(np.bincount(jet, weight * eta**2, minlength=n_jets), total)),
        "jet_width_phi": np.sqrt(ratio(np.bincount(jet, weight * phi**2, minlength=n_jets), total)),
    }
