"""Truth: which particles are prompt leptons, which flavour a jet has, which particles are worth keeping."""

from dataclasses import dataclass

import numpy as np

from robustag.classes import HADRON_FLAVOURS
from robustag.generate.jets import Jets, delta_r, pairs_in_event
from robustag.generate.pythia import ParticleBatch

HADRON_PT_MIN = 5.0
HADRON_DELTA_R = 0.3
PARTON_PT_MIN = 1.0
PARTON_ETA_MAX = 2.5
PARTON_DELTA_R = 0.5

# Longer chains of copies and radiation between a W or Z and its final lepton do not occur.
_MAX_ANCESTORS = 100


@dataclass(frozen=True)
class Truth:
    """Flat indices, int64, of what flavour labels are made from.

    bottom, charm: weakly decaying hadrons; tau: at the end of their chain of copies; parton: quarks (d, u, s,
    c, b) and gluons at the end of the shower, as they enter hadronisation.
    """

    bottom: np.ndarray
    charm: np.ndarray
    tau: np.ndarray
    parton: np.ndarray


def has_quark(pdg_id: np.ndarray, quark: int) -> np.ndarray:
    """True for hadrons with open flavour of the quark (4 or 5), by the digits of the PDG number. bool [N]."""
    kind = np.abs(pdg_id)
    thousands, hundreds, tens = ((kind // power) % 10 for power in (1000, 100, 10))
    meson = (thousands == 0) & (hundreds == quark) & (tens != quark)
    # Diquarks have a zero where a baryon has its third quark.
    baryon = (thousands == quark) & (tens > 0)
    return (kind < 1_000_000_000) & (meson | baryon)


def _last_of_line(batch: ParticleBatch, chosen: np.ndarray) -> np.ndarray:
    """Those of the chosen particles (bool [P]) that have no chosen daughter, as flat indices."""
    total = np.concatenate([[0], np.cumsum(chosen)])
    here = np.flatnonzero(chosen)
    start = batch.offsets[batch.event[here]]
    first, last = batch.daughter1[here], batch.daughter2[here]
    # Daughters are first..last; a last of 0 means one daughter, a last before the first two separate ones.
    separate = (last > 0) & (last < first)
    in_range = total[start + np.maximum(first, last) + 1] > total[start + first]
    in_two = chosen[start + first] | chosen[start + last]
    return here[(first == 0) | ~np.where(separate, in_two, in_range)]


def find_truth(batch: ParticleBatch) -> Truth:
    """Pick the heavy hadrons, taus and partons of a batch that flavour labels are made from."""
    kind = np.abs(batch.pdg_id)
    hadron = np.flatnonzero(kind > 400)

    def heavy(quark: int) -> np.ndarray:
        chosen = np.zeros(len(kind), bool)
        chosen[hadron[has_quark(kind[hadron], quark)]] = True
        return chosen

    parton = ((kind >= 1) & (kind <= 5)) | (kind == 21)
    ended = _last_of_line(batch, parton)
    return Truth(
        bottom=_last_of_line(batch, heavy(5)),
        charm=_last_of_line(batch, heavy(4)),
        tau=_last_of_line(batch, kind == 15),
        # Status codes above 80 are partons that hadrons decay into, not the shower's.
        parton=ended[np.abs(batch.status[ended]) < 80],
    )


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


def _near(
    batch: ParticleBatch, jets: Jets, particle: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (jet, flat particle) where a particle (flat indices) is inside the radius of the jet's axis."""
    px, py, pz = batch.momentum[particle, :3].T
    eta, phi = np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)
    jet, index = pairs_in_event(jets.event, batch.event[particle])
    close = delta_r(jets.eta[jet], jets.phi[jet], eta[index], phi[index]) < radius
    return jet[close], particle[index[close]]


def _transverse(batch: ParticleBatch, particle: np.ndarray) -> np.ndarray:
    """Transverse momentum [GeV] of flat indices."""
    return np.hypot(batch.momentum[particle, 0], batch.momentum[particle, 1])


def hadron_flavour(batch: ParticleBatch, truth: Truth, jets: Jets) -> np.ndarray:
    """5, 4, 15 for a weakly decaying b, c hadron or a tau with pT > 5 GeV and dR < 0.3, else 0. int64 [J].

    The first of b, c, tau that matches wins.
    """
    flavour = np.zeros(len(jets), np.int64)
    for name, particle in (("tau", truth.tau), ("c", truth.charm), ("b", truth.bottom)):
        hard = particle[_transverse(batch, particle) > HADRON_PT_MIN]
        jet, _ = _near(batch, jets, hard, HADRON_DELTA_R)
        flavour[jet] = HADRON_FLAVOURS[name]
    return flavour


def parton_flavour(batch: ParticleBatch, truth: Truth, jets: Jets) -> np.ndarray:
    """Largest |PDG id| among partons with pT > 1 GeV, |eta| < 2.5 and dR < 0.5; gluons count as 0. int64 [J].

    The labelling rule of the public data set (the JetFlavorAssociation module of Delphes).
    """
    pt, pz = _transverse(batch, truth.parton), batch.momentum[truth.parton, 2]
    central = (pt > PARTON_PT_MIN) & (np.abs(pz) < pt * np.sinh(PARTON_ETA_MAX))
    jet, particle = _near(batch, jets, truth.parton[central], PARTON_DELTA_R)
    flavour = np.zeros(len(jets), np.int64)
    kind = np.abs(batch.pdg_id[particle])
    np.maximum.at(flavour, jet, np.where(kind == 21, 0, kind))
    return flavour


def hard_flavours(batch: ParticleBatch, truth: Truth) -> np.ndarray:
    """Flat indices of the particles worth keeping: hard process, heavy hadrons and taus above 5 GeV."""
    heavy = np.concatenate([truth.bottom, truth.charm, truth.tau])
    heavy = heavy[_transverse(batch, heavy) > HADRON_PT_MIN]
    outgoing = np.flatnonzero(np.isin(np.abs(batch.status), (22, 23)))
    return np.union1d(outgoing, heavy)
