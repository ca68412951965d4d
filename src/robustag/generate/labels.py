"""Truth: which particles are prompt leptons, which flavour a jet has, which particles are worth keeping."""

from __future__ import annotations

import numpy as np

from robustag.generate.jets import Jets, delta_r, pairs_in_event
from robustag.generate.pythia import ParticleBatch

HADRON_PT_MIN = 5.0
HADRON_DELTA_R = 0.3
PARTON_PT_MIN = 1.0
PARTON_ETA_MAX = 2.5
PARTON_DELTA_R = 0.5

# Longer chains of copies and radiation between a W or Z and its final lepton do not occur.
_MAX_ANCESTORS = 100


def has_quark(pdg_id: np.ndarray, quark: int) -> np.ndarray:
    """True for hadrons that contain the quark (4 or 5), from the digits of the PDG number. bool [N]."""
    kind = np.abs(pdg_id)
    meson = (kind // 100) % 10 == quark
    baryon = (kind // 1000) % 10 == quark
    return (kind > 100) & (kind < 1_000_000_000) & (meson | baryon)


def _has_daughter(batch: ParticleBatch, wanted: np.ndarray) -> np.ndarray:
    """True where a particle has at least one daughter with wanted [P]. bool [P]."""
    total = np.concatenate([[0], np.cumsum(wanted)])
    here = np.arange(len(wanted))
    first, last = batch.daughter1, batch.daughter2
    span_end = np.where(last > 0, np.maximum(first, last), first)
    in_span = total[batch.flat(span_end, here) + 1] > total[batch.flat(first, here)]
    ends = wanted[batch.flat(first, here)] | wanted[batch.flat(np.maximum(last, 0), here)]
    # A second daughter before the first marks two separate daughters instead of a range.
    return (first > 0) & np.where((last > 0) & (last < first), ends, in_span)


def weakly_decaying(batch: ParticleBatch, quark: int) -> np.ndarray:
    """Heavy hadrons (quark 4 or 5) without a daughter of the same heavy flavour. bool [P]."""
    heavy = has_quark(batch.pdg_id, quark)
    return heavy & ~_has_daughter(batch, heavy)


def final_taus(batch: ParticleBatch) -> np.ndarray:
    """Taus at the end of their chain of copies. bool [P]."""
    tau = np.abs(batch.pdg_id) == 15
    return tau & ~_has_daughter(batch, tau)


def prompt_leptons(batch: ParticleBatch) -> np.ndarray:
    """Final electrons, muons, neutrinos and their radiation that descend from a W or Z through leptons only.

    bool [P]. Leptons of a prompt tau are prompt, its hadrons are not.
    """
    kind = np.abs(batch.pdg_id)
    lepton_line = ((kind >= 11) & (kind <= 16)) | (kind == 22)
    prompt = np.zeros(len(kind), bool)
    here = np.flatnonzero((batch.status > 0) & lepton_line)
    ancestor = batch.flat(batch.mother[here], here)
    for _ in range(_MAX_ANCESTORS):
        prompt[here[np.isin(kind[ancestor], (23, 24))]] = True
        going = (kind[ancestor] >= 11) & (kind[ancestor] <= 16)
        here, ancestor = here[going], ancestor[going]
        if not len(here):
            break
        ancestor = batch.flat(batch.mother[ancestor], ancestor)
    return prompt


def hadronising_partons(batch: ParticleBatch) -> np.ndarray:
    """Quarks (d, u, s, c, b) and gluons at the end of the shower, as they enter hadronisation. bool [P]."""
    kind, status = np.abs(batch.pdg_id), np.abs(batch.status)
    parton = ((kind >= 1) & (kind <= 5)) | (kind == 21)
    return parton & (status < 80) & ~_has_daughter(batch, parton)


def _near(
    batch: ParticleBatch, jets: Jets, chosen: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (jet, flat particle) with a chosen [P] particle inside the radius of the jet's axis."""
    particle = np.flatnonzero(chosen)
    px, py, pz = batch.momentum[particle, :3].T
    eta, phi = np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)
    jet, index = pairs_in_event(jets.event, batch.event[particle])
    close = delta_r(jets.eta[jet], jets.phi[jet], eta[index], phi[index]) < radius
    return jet[close], particle[index[close]]


def hadron_flavour(batch: ParticleBatch, jets: Jets) -> np.ndarray:
    """5, 4, 15 for a weakly decaying b, c hadron or a tau with pT > 5 GeV and dR < 0.3, else 0. int64 [J].

    The first of b, c, tau that matches wins.
    """
    hard = np.hypot(batch.momentum[:, 0], batch.momentum[:, 1]) > HADRON_PT_MIN
    flavour = np.zeros(len(jets), np.int64)
    for value, chosen in (
        (15, final_taus(batch)),
        (4, weakly_decaying(batch, 4)),
        (5, weakly_decaying(batch, 5)),
    ):
        jet, _ = _near(batch, jets, chosen & hard, HADRON_DELTA_R)
        flavour[jet] = value
    return flavour


def parton_flavour(batch: ParticleBatch, jets: Jets) -> np.ndarray:
    """Largest |PDG id| among partons with pT > 1 GeV, |eta| < 2.5 and dR < 0.5; gluons count as 0. int64 [J].

    The labelling rule of the public data set (the JetFlavorAssociation module of Delphes).
    """
    px, py, pz = batch.momentum[:, :3].T
    pt = np.hypot(px, py)
    central = (pt > PARTON_PT_MIN) & (np.abs(pz) < pt * np.sinh(PARTON_ETA_MAX))
    jet, particle = _near(batch, jets, hadronising_partons(batch) & central, PARTON_DELTA_R)
    flavour = np.zeros(len(jets), np.int64)
    kind = np.abs(batch.pdg_id[particle])
    np.maximum.at(flavour, jet, np.where(kind == 21, 0, kind))
    return flavour


def hard_flavours(batch: ParticleBatch) -> np.ndarray:
    """Flat indices of the particles worth keeping: hard process, heavy hadrons and taus above 5 GeV."""
    pt = np.hypot(batch.momentum[:, 0], batch.momentum[:, 1])
    outgoing = np.isin(np.abs(batch.status), (22, 23))
    heavy = weakly_decaying(batch, 5) | weakly_decaying(batch, 4) | final_taus(batch)
    return np.flatnonzero(outgoing | (heavy & (pt > HADRON_PT_MIN)))
