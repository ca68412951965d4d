"""The pool of minimum-bias collisions that pile-up is drawn from: made once for a study, kept as a file."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from robustag.errors import InputError
from robustag.generate.charged import charge_of
from robustag.generate.pythia import Generator, ParticleBatch
from robustag.stored import StoredArrays

_SETTINGS = ("Beams:eCM = 13000.", "SoftQCD:inelastic = on")
# Jets end at |eta| = 2.5, their cones at 2.9.
ETA_MAX = 3.5
# Softer charged particles curl up before the calorimeter, and leave no track that is used.
CHARGED_PT_MIN = 0.3
_NEUTRINOS = (12, 14, 16)


@dataclass(frozen=True)
class Pool(StoredArrays):
    """The P final particles of C collisions that a detector can see.

    offsets: int64 [C + 1]; pdg_id: int32 [P]; momentum: float32 [P, 3] in GeV; mass: float32 [P] in GeV;
    vertex: float32 [P, 3] in mm, relative to their collision.
    """

    called: ClassVar[str] = "pool of minimum-bias collisions"

    offsets: np.ndarray
    pdg_id: np.ndarray
    momentum: np.ndarray
    mass: np.ndarray
    vertex: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1


def make_pool(collisions: int, seed: int) -> Pool:
    """Generate inelastic proton collisions at 13 TeV.

    collisions: how many; seed: that of Pythia, 1 to MAX_SEED. Neutrinos, particles beyond ETA_MAX, and
    charged ones too soft for calorimeter and tracker are left out. Raises InputError for less than one.
    """
    if collisions < 1:
        raise InputError(f"minimum_bias: collisions must be at least 1, not {collisions}")
    parts = [_visible(batch) for batch in Generator(_SETTINGS, seed).batches(collisions)]
    counts, pdg_id, momentum, mass, vertex = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pool(np.concatenate([[0], np.cumsum(counts)]), pdg_id, momentum, mass, vertex)


def _visible(batch: ParticleBatch) -> tuple[np.ndarray, ...]:
    """How many particles of each event a pool keeps, int64 [E], and the columns of their `Pool`."""
    px, py, pz = batch.momentum[:, :3].T
    pt = np.hypot(px, py)
    kept = (batch.status > 0) & ~np.isin(np.abs(batch.pdg_id), _NEUTRINOS)
    kept &= (np.abs(pz) < pt * np.sinh(ETA_MAX)) & ((pt > CHARGED_PT_MIN) | (charge_of(batch.pdg_id) == 0))
    return (
        np.bincount(batch.event[kept], minlength=len(batch.number)),
        batch.pdg_id[kept],
        batch.momentum[kept, :3].astype(np.float32),
        batch.mass[kept].astype(np.float32),
        batch.vertex[kept].astype(np.float32),
    )
