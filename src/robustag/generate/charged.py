"""Charged particles that can leave tracks: those of the event record, and the ones that material adds."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from robustag.generate.labels import Truth
from robustag.generate.origins import particle_origin
from robustag.generate.pythia import ParticleBatch

# Softer particles cannot become tracks above the 0.5 GeV that every later step asks for.
PT_MIN = 0.4


@dataclass(frozen=True)
class ChargedParticles:
    """N charged particles in the order of their events.

    event: int64 [N]; key: int64 [N], the particle's own address of random numbers inside its event;
    particle: int64 [N], flat index in the batch (of the parent, for what material made); kind: int64 [N],
    |PDG id|; charge: int64 [N]; momentum: float64 [N, 3] in GeV; vertex: float64 [N, 3] in mm, relative to
    the collision; origin: uint8 [N], `origins.Origin`.
    """

    event: np.ndarray
    key: np.ndarray
    particle: np.ndarray
    kind: np.ndarray
    charge: np.ndarray
    momentum: np.ndarray
    vertex: np.ndarray
    origin: np.ndarray

    def __len__(self) -> int:
        return len(self.event)

    @property
    def pt(self) -> np.ndarray:
        """Transverse momentum [GeV], float64 [N]."""
        return np.hypot(self.momentum[:, 0], self.momentum[:, 1])

    def take(self, chosen: np.ndarray) -> Self:
        """Some of them: bool [N] or ascending indices."""
        return replace(self, **{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def charge_of(pdg_id: np.ndarray) -> np.ndarray:
    """Charge of pi, K, p, e, mu and the long-lived hyperons; 0 for all that leaves no track. int64 [N]."""
    positive = (211, 321, 2212, 3222, -11, -13, -3112, -3312, -3334)
    return np.isin(pdg_id, positive).astype(np.int64) - np.isin(-pdg_id, positive).astype(np.int64)


def final_charged(batch: ParticleBatch, truth: Truth) -> ChargedParticles:
    """The charged final-state particles of a batch above PT_MIN."""
    final = np.flatnonzero(batch.status > 0)
    charge = charge_of(batch.pdg_id[final])
    px, py = batch.momentum[final, 0], batch.momentum[final, 1]
    wanted = (charge != 0) & (px * px + py * py > PT_MIN**2)
    chosen = final[wanted]
    return ChargedParticles(
        event=batch.event[chosen],
        key=batch.item[chosen],
        particle=chosen,
        kind=np.abs(batch.pdg_id[chosen]).astype(np.int64),
        charge=charge[wanted],
        momentum=batch.momentum[chosen, :3],
        vertex=batch.vertex[chosen],
        origin=particle_origin(batch, truth, chosen),
    )


def merge(*parts: ChargedParticles) -> ChargedParticles:
    """All particles together, in the order of their events and inside an event in the order of the parts."""
    order = np.argsort(np.concatenate([part.event for part in parts]), kind="stable")
    return ChargedParticles(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])[order]
            for field in fields(ChargedParticles)
        }
    )
