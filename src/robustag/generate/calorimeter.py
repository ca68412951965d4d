"""Stable particles to calorimeter towers with the response of the ATLAS card of Delphes 3."""

import numpy as np

from robustag.generate.charged import charge_of
from robustag.generate.helix import CURVATURE, wrap_phi
from robustag.generate.layers import Calorimeter, ResolutionRegion
from robustag.generate.pythia import ParticleBatch
from robustag.generate.random import Purpose, Streams

_NEUTRINOS_AND_MUONS = (12, 13, 14, 16)
_ELECTROMAGNETIC = (11, 22, 111)


def resolution(regions: tuple[ResolutionRegion, ...], energy: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Energy resolution [GeV] at energy [GeV] and eta, float64 [N]."""
    region = np.minimum(np.digitize(np.abs(eta), [r.eta_max for r in regions]), len(regions) - 1)
    constant, stochastic, noise = np.array([(r.constant, r.stochastic, r.noise) for r in regions]).T
    return np.sqrt((constant[region] * energy) ** 2 + stochastic[region] ** 2 * energy + noise[region] ** 2)


def smear_energy(energy: np.ndarray, sigma: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Log-normal response with mean `energy` and standard deviation `sigma`; zero stays zero. [GeV], [N]."""
    ratio = np.divide(sigma, energy, out=np.zeros_like(energy), where=energy > 0.0)
    width = np.sqrt(np.log1p(ratio**2))
    return energy * np.exp(width * normal - 0.5 * width**2)


def impact_phi(calorimeter: Calorimeter, phi: np.ndarray, pt: np.ndarray, charge: np.ndarray) -> np.ndarray:
    """Azimuth [rad] where a helix from the beam line meets the cylinder; NaN for loopers. [N]."""
    half_turn = 0.5 * calorimeter.radius * CURVATURE * calorimeter.field * charge / pt
    return phi - np.arcsin(np.where(np.abs(half_turn) < 1.0, half_turn, np.nan))


def make_towers(
    batch: ParticleBatch, calorimeter: Calorimeter, streams: Streams, removed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Build the towers of every event.

    removed: bool [P], particles left out of the jet inputs. Electrons and photons deposit in the ECAL,
    hadrons in the HCAL, K0S and Lambda (when stable) 30 % and 70 %; muons and neutrinos nothing. Returns
    event index int64 [W] (ascending) and massless momenta float64 [W, 4] (px, py, pz, E) in GeV. Each
    tower's direction is uniform inside the tower, as in the card.
    """
    kind = np.abs(batch.pdg_id)
    stable = (batch.status > 0) & ~removed & ~np.isin(kind, _NEUTRINOS_AND_MUONS)
    pt = np.hypot(batch.momentum[:, 0], batch.momentum[:, 1])
    visible = np.flatnonzero(stable & (pt > 0.0))
    px, py, pz, energy = batch.momentum[visible].T
    pt, kind = pt[visible], kind[visible]
    eta = np.arcsinh(pz / pt)
    phi = impact_phi(calorimeter, np.arctan2(py, px), pt, charge_of(batch.pdg_id[visible]))

    inside = np.isfinite(phi) & (np.abs(eta) < calorimeter.eta_max)
    event, eta, phi, energy, kind = (a[inside] for a in (batch.event[visible], eta, phi, energy, kind))
    eta_step = 2.0 * calorimeter.eta_max / calorimeter.eta_towers
    phi_step = 2.0 * np.pi / calorimeter.phi_towers
    eta_index = ((eta + calorimeter.eta_max) / eta_step).astype(np.int64)
    phi_index = np.minimum(((wrap_phi(phi) + np.pi) / phi_step).astype(np.int64), calorimeter.phi_towers - 1)
    towers = calorimeter.eta_towers * calorimeter.phi_towers
    cell = event * towers + eta_index * calorimeter.phi_towers + phi_index
    share = np.select([np.isin(kind, _ELECTROMAGNETIC), np.isin(kind, (310, 3122))], [1.0, 0.3], 0.0)
    ecal = np.bincount(cell, energy * share)
    hcal = np.bincount(cell, energy * (1.0 - share))
    hit = np.flatnonzero(ecal + hcal > 0.0)
    event, place = np.divmod(hit, towers)
    number = batch.number[event]

    centre = (place // calorimeter.phi_towers + 0.5) * eta_step - calorimeter.eta_max
    measured = np.zeros(len(hit))
    for layer, (deposit, regions, minimum) in enumerate(
        (
            (ecal[hit], calorimeter.ecal, calorimeter.ecal_energy_min),
            (hcal[hit], calorimeter.hcal, calorimeter.hcal_energy_min),
        )
    ):
        sigma = resolution(regions, deposit, centre)
        seen = smear_energy(deposit, sigma, streams.normal(Purpose.TOWER_ENERGY, number, place, layer))
        threshold = np.maximum(minimum, calorimeter.significance_min * resolution(regions, seen, centre))
        measured += np.where(seen > threshold, seen, 0.0)

    lit = measured > 0.0
    event, place, number, centre, measured = (a[lit] for a in (event, place, number, centre, measured))
    eta = centre + eta_step * (streams.uniform(Purpose.TOWER_POSITION, number, place, 0) - 0.5)
    phi = (
        phi_step
        * (place % calorimeter.phi_towers + streams.uniform(Purpose.TOWER_POSITION, number, place, 1))
        - np.pi
    )
    pt = measured / np.cosh(eta)
    return event, np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), measured], axis=1)
