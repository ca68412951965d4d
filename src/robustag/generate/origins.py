"""Truth about single particles: where they come from, where they decay, who their kept mother is."""

from enum import IntEnum

import numpy as np

from robustag.generate.labels import Truth
from robustag.generate.pythia import ParticleBatch

# Light particles whose decay is measurably far from where they are made.
_LONG_LIVED_LIGHT = (130, 211, 310, 321, 3112, 3122, 3222, 3312, 3322, 3334)
# Longer chains of decays, copies and radiation do not occur.
_MAX_ANCESTORS = 500


class Origin(IntEnum):
    """Where a track comes from; the last of the decays on its way decides between the first four."""

    PRIMARY = 0
    BOTTOM = 1  # decay of a b hadron, or of the c hadron it became
    CHARM = 2
    STRANGE = 3  # decay of K0S, Lambda, charged pions and kaons, Sigma, Xi or Omega
    MATERIAL = 4  # photon conversion or nuclear interaction
    FAKE = 5  # no particle at all
    PILE_UP = 6  # another collision of the bunch crossing


def particle_origin(batch: ParticleBatch, truth: Truth, particle: np.ndarray) -> np.ndarray:
    """Origin of particles (flat indices, int64 [N]) from their ancestors, uint8 [N]."""
    kind = np.abs(batch.pdg_id)
    source = np.zeros(len(kind), np.uint8)
    source[np.isin(kind, _LONG_LIVED_LIGHT)] = Origin.STRANGE
    source[truth.charm] = Origin.CHARM
    source[truth.bottom] = Origin.BOTTOM
    origin = np.zeros(len(particle), np.uint8)
    going, ancestor = np.arange(len(particle)), batch.flat(batch.mother[particle], particle)
    for _ in range(_MAX_ANCESTORS):
        seen, here = source[ancestor], origin[going]
        # A b hadron outranks the c hadron it decays to, nothing outranks a light decay on the way.
        origin[going] = np.where((here == 0) | ((here == Origin.CHARM) & (seen == Origin.BOTTOM)), seen, here)
        hadron = (kind[ancestor] > 100) | ((kind[ancestor] >= 11) & (kind[ancestor] <= 22))
        more = hadron & (origin[going] != Origin.BOTTOM) & (origin[going] != Origin.STRANGE)
        going, ancestor = going[more], ancestor[more]
        if not len(going):
            break
        ancestor = batch.flat(batch.mother[ancestor], ancestor)
    return origin


def decay_vertex(batch: ParticleBatch, particle: np.ndarray) -> np.ndarray:
    """Where particles (flat indices) decay, float64 [N, 3], mm from the collision; NaN when they do not."""
    daughter = batch.daughter1[particle]
    vertex = batch.vertex[batch.flat(daughter, particle)]
    return np.where((daughter > 0)[:, None], vertex, np.nan)


def mother_within(batch: ParticleBatch, chosen: np.ndarray) -> np.ndarray:
    """Nearest ancestor among the chosen particles themselves, as its place in its event's list; -1 for none.

    chosen: ascending flat indices, int64 [N]. Returns int64 [N]: genPartIdxMother of NanoAOD.
    """
    first = np.searchsorted(batch.event[chosen], batch.event[chosen])
    place = np.full(len(batch.event), -1)
    place[chosen] = np.arange(len(chosen)) - first
    result = np.full(len(chosen), -1)
    going, ancestor = np.arange(len(chosen)), batch.flat(batch.mother[chosen], chosen)
    for _ in range(_MAX_ANCESTORS):
        result[going] = place[ancestor]
        more = (result[going] < 0) & (batch.mother[ancestor] > 0)
        going, ancestor = going[more], ancestor[more]
        if not len(going):
            break
        ancestor = batch.flat(batch.mother[ancestor], ancestor)
    return result
