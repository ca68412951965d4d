"""Towers to calibrated anti-kT jets, and the matching of jets to anything else in their event."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import fastjet
import numpy as np

from robustag.generate.helix import wrap_phi

RADIUS = 0.4
PT_MIN = 20.0
ETA_MAX = 2.5
# The calibration is at most sqrt(9/pT + 1), which lifts 16 GeV to 20 GeV: softer jets cannot pass PT_MIN.
_RAW_PT_MIN = 15.0


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


def make_jets(event: np.ndarray, towers: np.ndarray, events: int) -> Jets:
    """Cluster anti-kT R = 0.4 jets (JHEP 04 (2008) 063), calibrate, keep pT > 20 GeV and |eta| < 2.5.

    event: int64 [W], ascending; towers: float64 [W, 4] (px, py, pz, E); events: number of events.
    """
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
    scale = energy_scale(raw_pt, eta)
    mass = scale * np.sqrt(np.maximum(energy**2 - raw_pt**2 - pz**2, 0.0))
    pt = scale * raw_pt
    kept = np.flatnonzero((pt > PT_MIN) & (np.abs(eta) < ETA_MAX))
    kept = kept[np.lexsort((-pt[kept], jet_event[kept]))]
    return Jets(jet_event[kept], pt[kept], eta[kept], np.arctan2(py, px)[kept], mass[kept])


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
