"""What the beam pipe and the pixel layers do to particles: photon conversions and nuclear interactions.

Only layers count from which a secondary can still be found (see `Tracker.late_production`). The calorimeter
keeps seeing the parent, and a hadron that interacts keeps its own chance to be found: the efficiency tables
contain that loss.
"""

import numpy as np

from robustag.generate.charged import PT_MIN, ChargedParticles, charge_of, merge
from robustag.generate.helix import CURVATURE
from robustag.generate.layers import Layer, Tracker
from robustag.generate.origins import Origin
from robustag.generate.pythia import ParticleBatch
from robustag.generate.random import Purpose, Streams

_HADRONS = (211, 321, 2212, 130, 2112)
# Charged secondaries of a nuclear interaction: one and a Poisson number of more, at most _SECONDARIES_MAX.
_SECONDARIES_MEAN = 1.5
_SECONDARIES_MAX = 6
# Width [GeV] of each component of a secondary's momentum across its parent's.
_SECONDARY_KICK = 0.25
# Addresses of secondaries start here, above the index of any particle of an event record.
_KEYS_A_LAYER = 1 << 32
_KEYS_A_CHILD = 1 << 40


def conversion_probability(radiation_lengths: np.ndarray) -> np.ndarray:
    """Chance of a hard photon to convert, 1 - exp(-7/9 x/X0) (Review of Particle Physics, "Passage")."""
    return -np.expm1(-7.0 / 9.0 * radiation_lengths)


def energy_share(uniform: np.ndarray) -> np.ndarray:
    """Energy share x of the electron, distributed as 1 - 4/3 x (1 - x), from uniform numbers. [N].

    The high-energy limit of the Bethe-Heitler cross section (Review of Particle Physics, "Passage"). Its
    distribution function is F(x) = 9/7 x - 6/7 x^2 + 4/7 x^3, inverted on a table.
    """
    x = np.linspace(0.0, 1.0, 1025)
    return np.interp(uniform, (9.0 * x - 6.0 * x**2 + 4.0 * x**3) / 7.0, x)


def multiplicity(uniform: np.ndarray) -> np.ndarray:
    """Charged secondaries of a nuclear interaction, int64 [N]: a truncated 1 + Poisson number."""
    terms = np.cumprod(np.concatenate([[1.0], _SECONDARIES_MEAN / np.arange(1, _SECONDARIES_MAX)]))
    return 1 + np.searchsorted(np.cumsum(terms) / terms.sum(), uniform)


def useful_layers(tracker: Tracker) -> list[tuple[int, Layer]]:
    """Layers from which a secondary can still be found, with their place in the tracker."""
    blind = min((radius for radius, factor in tracker.late_production if factor == 0.0), default=np.inf)
    return [(place, layer) for place, layer in enumerate(tracker.layers) if layer.radius < blind]


def crossings(
    vertex: np.ndarray, phi: np.ndarray, cot_theta: np.ndarray, kappa: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where particles cross a cylinder [mm]: point float64 [N, 3], direction float64 [N] there.

    vertex: float64 [N, 3]; phi, cot_theta, kappa [1/mm]: [N]. NaN for those born outside. The arc is taken by
    its chord, whose direction is that of half the way.
    """
    step = np.zeros(len(phi))
    for _ in range(2):
        along = vertex[:, 0] * np.cos(phi - 0.5 * kappa * step) + vertex[:, 1] * np.sin(
            phi - 0.5 * kappa * step
        )
        inside = radius**2 - vertex[:, 0] ** 2 - vertex[:, 1] ** 2
        step = -along + np.sqrt(np.where(inside > 0.0, along**2 + inside, np.nan))
    chord = phi - 0.5 * kappa * step
    point = vertex + step[:, None] * np.stack([np.cos(chord), np.sin(chord), cot_theta], axis=1)
    return point, phi - kappa * step


class _Parents:
    """Particles of a batch that can interact, and where they do: layer by layer, each at most once."""

    def __init__(self, batch: ParticleBatch, chosen: np.ndarray, tracker: Tracker) -> None:
        px, py, pz = batch.momentum[chosen, :3].T
        pt = np.hypot(px, py)
        seen = (pt > PT_MIN) & (np.abs(pz) < pt * np.sinh(tracker.eta_max))
        self.flat = chosen[seen]
        px, py, pz, pt = (values[seen] for values in (px, py, pz, pt))
        self.cot_theta, self.phi, self.pt = pz / pt, np.arctan2(py, px), pt
        self.path = np.sqrt(1.0 + self.cot_theta**2)
        self.kappa = CURVATURE * tracker.field * charge_of(batch.pdg_id[self.flat]) / pt
        self.event, self.item = batch.event[self.flat], batch.item[self.flat]
        self.number, self.vertex = batch.number[self.event], batch.vertex[self.flat]
        self._free = np.ones(len(self.flat), bool)

    def interacting(self, probability: np.ndarray, chance: np.ndarray, radius: float) -> tuple:
        """Which parents interact here: places int64 [M], points float64 [M, 3], directions [M]."""
        here = np.flatnonzero(self._free & (chance < probability))
        point, phi = crossings(
            self.vertex[here], self.phi[here], self.cot_theta[here], self.kappa[here], radius
        )
        crossed = np.isfinite(phi)
        self._free[here[crossed]] = False
        return here[crossed], point[crossed], phi[crossed]

    def secondaries(
        self,
        here: np.ndarray,
        point: np.ndarray,
        momentum: np.ndarray,
        kind: int,
        charge: np.ndarray | int,
        key: int,
    ) -> ChargedParticles:
        """One secondary of each of some parents, where it is hard enough to be tracked."""
        kept = np.hypot(momentum[:, 0], momentum[:, 1]) > PT_MIN
        here, count = here[kept], int(kept.sum())
        return ChargedParticles(
            event=self.event[here],
            key=self.item[here] + key,
            particle=self.flat[here],
            kind=np.full(count, kind),
            charge=np.broadcast_to(charge, len(kept))[kept].astype(np.int64),
            momentum=momentum[kept],
            vertex=point[kept],
            origin=np.full(count, Origin.MATERIAL, np.uint8),
        )


def conversions(
    batch: ParticleBatch, tracker: Tracker, material: float, streams: Streams
) -> list[ChargedParticles]:
    """Electrons and positrons of converted photons; `material` multiplies every thickness.

    Both keep the photon's direction: the opening angle, of the order of m_e / E, is below any resolution.
    """
    photons = _Parents(batch, np.flatnonzero((batch.status > 0) & (batch.pdg_id == 22)), tracker)
    made = []
    for place, layer in useful_layers(tracker):
        chance = streams.uniform(Purpose.CONVERSION, photons.number, photons.item, place)
        thickness = material * layer.radiation_lengths * photons.path
        here, point, phi = photons.interacting(conversion_probability(thickness), chance, layer.radius)
        share = energy_share(
            streams.uniform(Purpose.CONVERSION_SHARE, photons.number[here], photons.item[here])
        )
        direction = np.stack([np.cos(phi), np.sin(phi), photons.cot_theta[here]], axis=1)
        for child, (charge, fraction) in enumerate(((-1, share), (1, 1.0 - share))):
            momentum = (fraction * photons.pt[here])[:, None] * direction
            key = (place + 1) * _KEYS_A_LAYER + (child + 1) * _KEYS_A_CHILD
            made.append(photons.secondaries(here, point, momentum, 11, charge, key))
    return made


def _nuclear_final_state(streams: Streams, number: np.ndarray, item: np.ndarray) -> tuple:
    """Charged multiplicity [M], momentum shares [M, most + 1], kicks [M, 2 most] GeV and charges [M, most].

    number, item: [M, 1], who interacts. The stick of the momentum breaks into one piece for each charged
    secondary and one for all that is neutral.
    """
    most = _SECONDARIES_MAX
    count = multiplicity(streams.uniform(Purpose.SECONDARY_COUNT, number[:, 0], item[:, 0]))
    pieces = np.arange(most + 1)[None, :]
    stick = -np.log(streams.uniform(Purpose.SECONDARY_SHARE, number, item, pieces))
    stick *= pieces <= count[:, None]
    kick = streams.normal(Purpose.SECONDARY_KICK, number, item, np.arange(2 * most)[None, :])
    chance = streams.uniform(Purpose.SECONDARY_CHARGE, number, item, np.arange(most)[None, :])
    share = stick / stick.sum(axis=1, keepdims=True)
    return count, share, _SECONDARY_KICK * kick, np.where(chance < 0.5, -1, 1)


def nuclear_interactions(
    batch: ParticleBatch, tracker: Tracker, material: float, streams: Streams
) -> list[ChargedParticles]:
    """Charged pions from hadrons that interact in a layer; `material` multiplies every thickness.

    The chance is 1 - exp(-x / lambda). The final state is a simple picture of ours: charged secondaries and
    one neutral rest share the momentum like a broken stick and are kicked across by _SECONDARY_KICK.
    """
    hadron = np.flatnonzero((batch.status > 0) & np.isin(np.abs(batch.pdg_id), _HADRONS))
    parents = _Parents(batch, hadron, tracker)
    made = []
    for place, layer in useful_layers(tracker):
        chance = streams.uniform(Purpose.INTERACTION, parents.number, parents.item, place)
        thickness = material * layer.interaction_lengths * parents.path
        here, point, phi = parents.interacting(-np.expm1(-thickness), chance, layer.radius)
        final = _nuclear_final_state(streams, parents.number[here, None], parents.item[here, None])
        count, share, kick, sign = final
        cot_theta, pt, path = parents.cot_theta[here], parents.pt[here], parents.path[here]
        cosine, sine = np.cos(phi), np.sin(phi)
        forward = np.stack([cosine, sine, cot_theta], axis=1)
        across = np.stack([-sine, cosine, np.zeros(len(here))], axis=1)
        upward = (
            np.stack([-cosine * cot_theta, -sine * cot_theta, np.ones(len(here))], axis=1) / path[:, None]
        )
        for child in range(_SECONDARIES_MAX):
            has = np.flatnonzero(child < count)
            momentum = (
                (share[has, child] * pt[has])[:, None] * forward[has]
                + kick[has, 2 * child, None] * across[has]
                + kick[has, 2 * child + 1, None] * upward[has]
            )
            key = (place + 1) * _KEYS_A_LAYER + (child + 1) * _KEYS_A_CHILD
            made.append(parents.secondaries(here[has], point[has], momentum, 211, sign[has, child], key))
    return made


def with_secondaries(
    particles: ChargedParticles, batch: ParticleBatch, tracker: Tracker, material: float, streams: Streams
) -> ChargedParticles:
    """The charged particles of a batch and all that material adds to them."""
    if material == 0.0:
        return particles
    return merge(
        particles,
        *conversions(batch, tracker, material, streams),
        *nuclear_interactions(batch, tracker, material, streams),
    )
