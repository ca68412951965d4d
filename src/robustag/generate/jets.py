"""Towers to calibrated anti-kT jets, and the matching of jets to anything else in their event."""

from dataclasses import dataclass

import awkward as ak
import fastjet
import numpy as np

from robustag.generate.detector import Detector
from robustag.generate.helix import wrap_phi
from robustag.generate.random import Purpose, Streams

RADIUS = 0.4
PT_MIN = 20.0
ETA_MAX = 2.5
# The calibration is at most sqrt(9/pT + 1), which lifts 16 GeV to 20 GeV. Variations may add a third to that.
_RAW_PT_MIN = 12.0
# Noise [GeV], stochastic [sqrt(GeV)] and constant term of the relative resolution of jets in pT.
_RESOLUTION = (2.6, 0.7, 0.04)
# Jets harder than this lose tracks in their core; the loss grows linearly up to the end [GeV].
CORE_PT = (200.0, 1000.0)
CORE_RADIUS = 0.1


@dataclass(frozen=True)
class Jets:
    """J jets by event, then falling pT: event int64 [J]; pt, eta, phi, mass float64 [J] in GeV and rad."""

    event: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    mass: np.ndarray

    def __len__(self) -> int:
        return len(self.event)


def energy_scale(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Calibration factor of the ATLAS card of Delphes 3: sqrt((3 - 0.2 |eta|)^2 / pT + 1), pT in GeV."""
    return np.sqrt((3.0 - 0.2 * np.abs(eta)) ** 2 / pt + 1.0)


def relative_resolution(pt: np.ndarray) -> np.ndarray:
    """sigma(pT) / pT = N / pT + S / sqrt(pT) + C in quadrature (ATLAS, Eur. Phys. J. C 73 (2013) 2306).

    The terms describe this simulation's towers: 18 % at 25 GeV, 8 % at 100 GeV.
    """
    noise, stochastic, constant = _RESOLUTION
    return np.sqrt((noise / pt) ** 2 + stochastic**2 / pt + constant**2)


def measured_jets(
    jets: Jets, detector: Detector, streams: Streams, number: np.ndarray
) -> tuple[np.ndarray, Jets]:
    """Indices of calibrated jets that pass pT > 20 GeV, and those jets as a detector measures them.

    A factor r on the resolution adds Gaussian smearing of sqrt(r^2 - 1) resolutions, addressed by event and
    the jet's rank in it (number: uint64 [E]).
    """
    factor = np.full(len(jets), detector.jet_energy_scale)
    if detector.jet_energy_resolution > 1.0:
        rank = np.arange(len(jets)) - np.searchsorted(jets.event, jets.event)
        normal = streams.normal(Purpose.JET_ENERGY, number[jets.event], rank)
        width = np.sqrt(detector.jet_energy_resolution**2 - 1.0) * relative_resolution(jets.pt)
        factor *= np.maximum(1.0 + width * normal, 0.0)
    kept = np.flatnonzero(jets.pt * factor > PT_MIN)
    kept = kept[np.lexsort((-(jets.pt * factor)[kept], jets.event[kept]))]
    scale = factor[kept]
    return kept, Jets(
        jets.event[kept], scale * jets.pt[kept], jets.eta[kept], jets.phi[kept], scale * jets.mass[kept]
    )


def core_depth(jets: Jets, event: np.ndarray, eta: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """How deep particles are in the core of a hard jet, float64 [N]: 0 outside, 1 inside one of 1 TeV.

    Hits merge in dense cores and tracks are lost (ATLAS, Eur. Phys. J. C 77 (2017) 673); linear in the jet's
    pT. event ascends, int64 [N]; eta, phi: float64 [N].
    """
    depth = np.zeros(len(event))
    low, high = CORE_PT
    hard = np.flatnonzero(jets.pt > low)
    jet, particle = pairs_in_event(jets.event[hard], event)
    jet = hard[jet]
    inside = delta_r(jets.eta[jet], jets.phi[jet], eta[particle], phi[particle]) < CORE_RADIUS
    strength = np.minimum((jets.pt[jet] - low) / (high - low), 1.0)
    np.maximum.at(depth, particle[inside], strength[inside])
    return depth


def pile_up_offset(eta: np.ndarray) -> np.ndarray:
    """Mean pT [GeV] that a pile-up collision adds to a jet before calibration, by eta; float64 [N].

    Of this simulation's towers without charged particles that `pileup.charged_elsewhere` knows: the same for
    5, 20 and 50 collisions, and for jets of 20 and of 150 GeV. It rises where fewer tracks are found.
    """
    return 0.18 + 0.024 * eta**2


def cluster_jets(event: np.ndarray, towers: np.ndarray, collisions: np.ndarray) -> Jets:
    """Cluster anti-kT R = 0.4 jets (JHEP 04 (2008) 063) with |eta| < 2.5 and calibrate them.

    Before that the mean offset of the event's pile-up is taken off, as with the number of primary vertices in
    Eur. Phys. J. C 73 (2013) 2304. Softer jets than any variation needs are left out. event: int64 [W],
    ascending; towers: float64 [W, 4] (px, py, pz, E); collisions: int64 [E], pile-up in each event.
    """
    events = len(collisions)
    counts = np.bincount(event, minlength=events)
    inputs = ak.unflatten(ak.zip(dict(zip(("px", "py", "pz", "E"), towers.T, strict=True))), counts)
    # The banner would appear in every job's output; the reference to cite is in the project's documentation.
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    clusters = fastjet.ClusterSequence(inputs, fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS))
    found = clusters.inclusive_jets(min_pt=_RAW_PT_MIN)
    jet_event = np.repeat(np.arange(events), ak.to_numpy(ak.num(found.px, axis=1)))
    px, py, pz, energy = (ak.to_numpy(ak.flatten(found[axis])) for axis in ("px", "py", "pz", "E"))
    raw_pt = np.hypot(px, py)
    eta = np.arcsinh(pz / raw_pt)
    share = 1.0 - pile_up_offset(eta) * collisions[jet_event] / raw_pt
    kept = np.flatnonzero((np.abs(eta) < ETA_MAX) & (share * raw_pt > _RAW_PT_MIN))
    jet_event, px, py, pz, energy, raw_pt, eta, share = (
        column[kept] for column in (jet_event, px, py, pz, energy, raw_pt, eta, share)
    )
    scale = share * energy_scale(share * raw_pt, eta)
    pt = scale * raw_pt
    mass = scale * np.sqrt(np.maximum(energy**2 - raw_pt**2 - pz**2, 0.0))
    order = np.lexsort((-pt, jet_event))
    return Jets(jet_event[order], pt[order], eta[order], np.arctan2(py, px)[order], mass[order])


def pairs_in_event(event_a: np.ndarray, event_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All index pairs (a, b) of two collections that share an event; both event arrays ascend.

    Returns int64 [K], int64 [K], ordered by a, then b.
    """
    first = np.searchsorted(event_b, event_a, "left")
    counts = np.searchsorted(event_b, event_a, "right") - first
    a = np.repeat(np.arange(len(event_a)), counts)
    start = np.cumsum(counts) - counts
    return a, np.arange(len(a)) - start[a] + first[a]


def delta_r(eta_a: np.ndarray, phi_a: np.ndarray, eta_b: np.ndarray, phi_b: np.ndarray) -> np.ndarray:
    """Distance sqrt(deta^2 + dphi^2) in the (eta, phi) plane."""
    return np.hypot(eta_a - eta_b, wrap_phi(phi_a - phi_b))
