"""The detectors as data: tracker layers, efficiency tables and calorimeter resolution.

The geometry is barrel-like up to |eta| = 2.5. Radii and intrinsic resolutions are those of the ATLAS inner
detector of Run 1 (JINST 3 (2008) S08003); the material per layer is rounded from the same paper, its
interaction lengths follow from X0 and lambda of beryllium (beam pipe) and of silicon and carbon (pixels) in
the Review of Particle Physics, "Atomic and nuclear properties of materials". Efficiency and calorimeter
tables are those of the ATLAS card of Delphes 3 (JHEP 02 (2014) 057).
"""

from dataclasses import dataclass, replace

import numpy as np

from robustag.generate.resolution import ATLAS_RUN1_RESOLUTION, PUBLISHED_RESOLUTION, PromptResolution


@dataclass(frozen=True)
class Layer:
    """One cylinder: radius [mm], thickness at normal incidence in two units, and its sensors.

    The units are lengths of radiation and of nuclear interaction. A sensor is (stereo angle [rad],
    resolution [mm]): it measures cos(angle) r-phi + sin(angle) z.
    """

    radius: float
    radiation_lengths: float
    sensors: tuple[tuple[float, float], ...] = ()
    interaction_lengths: float = 0.0


@dataclass(frozen=True)
class EfficiencyTable:
    """Tracking efficiency of one particle kind: rows are |eta| bins, columns are pT [GeV] bins."""

    eta_edges: tuple[float, ...]
    pt_edges: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Tracker:
    """A tracking detector in a solenoid field [T]."""

    layers: tuple[Layer, ...]
    field: float
    eta_max: float
    hadron_efficiency: EfficiencyTable
    electron_efficiency: EfficiencyTable
    muon_efficiency: EfficiencyTable
    # Efficiency factors for particles born outside a pixel layer: (radius [mm], factor).
    late_production: tuple[tuple[float, float], ...]
    # Below this pT [GeV] the covariance is that of a particle with this pT (0: no clamp).
    covariance_pt_floor: float = 0.0
    # Below `low_pt` [GeV] the resolution of d0 and z0 is multiplied by `low_pt_ip_scale`.
    low_pt: float = 0.0
    low_pt_ip_scale: float = 1.0
    # How |d0 / sigma| of prompt tracks is distributed, for the jet probability.
    prompt: PromptResolution = ATLAS_RUN1_RESOLUTION


@dataclass(frozen=True)
class ResolutionRegion:
    """sigma^2 = (constant E)^2 + (stochastic)^2 E + noise^2 [GeV] for |eta| < eta_max."""

    eta_max: float
    constant: float
    stochastic: float
    noise: float = 0.0


@dataclass(frozen=True)
class Calorimeter:
    """A tower calorimeter on a cylinder of `radius` [mm] in a solenoid field [T]."""

    radius: float
    field: float
    eta_max: float
    eta_towers: int
    phi_towers: int
    ecal: tuple[ResolutionRegion, ...]
    hcal: tuple[ResolutionRegion, ...]
    ecal_energy_min: float
    hcal_energy_min: float
    significance_min: float


@dataclass(frozen=True)
class BeamSpot:
    """Gaussian widths [mm] of the luminous region along x, y, z."""

    sigma_x: float = 0.015
    sigma_y: float = 0.015
    sigma_z: float = 46.0

    @property
    def widths(self) -> np.ndarray:
        """All three, float64 [3]."""
        return np.array([self.sigma_x, self.sigma_y, self.sigma_z])


_HALF_PI = float(np.pi / 2)


def _pixel(radius: float) -> Layer:
    """10 um in r-phi and 115 um in z."""
    return Layer(radius, 0.030, ((0.0, 0.010), (_HALF_PI, 0.115)), interaction_lengths=0.009)


def _strips(radius: float, stereo: float) -> Layer:
    """Two sides of 23 um, one axial and one at a stereo angle: 17 um in r-phi and 580 um in z together."""
    return Layer(radius, 0.030, ((0.0, 0.023), (stereo, 0.023)))


def _straws(radius: float) -> Layer:
    """Six straws of 130 um each, taken as one measurement."""
    return Layer(radius, 0.030, ((0.0, 0.130 / 6**0.5),))


_ATLAS_RUN1 = Tracker(
    layers=(
        Layer(29.0, 0.006, interaction_lengths=0.005),
        *(_pixel(radius) for radius in (50.5, 88.5, 122.5)),
        *(_strips(r, angle) for r, angle in ((299.0, 0.04), (371.0, -0.04), (443.0, 0.04), (514.0, -0.04))),
        *(_straws(radius) for radius in (600.0, 690.0, 780.0, 870.0, 960.0, 1050.0)),
    ),
    field=2.0,
    eta_max=2.5,
    hadron_efficiency=EfficiencyTable((0.0, 1.5, 2.5), (0.1, 1.0), ((0.70, 0.95), (0.60, 0.85))),
    electron_efficiency=EfficiencyTable(
        (0.0, 1.5, 2.5), (0.1, 1.0, 100.0), ((0.73, 0.95, 0.99), (0.50, 0.83, 0.90))
    ),
    muon_efficiency=EfficiencyTable((0.0, 1.5, 2.5), (0.1, 1.0), ((0.75, 0.99), (0.70, 0.98))),
    late_production=((50.5, 0.5), (88.5, 0.0)),
    prompt=ATLAS_RUN1_RESOLUTION,
)

TRACKERS: dict[str, Tracker] = {
    "atlas_run1": _ATLAS_RUN1,
    # The public data set took its covariance from tables that start at 10 GeV and doubled d0 and z0 below.
    "published": replace(
        _ATLAS_RUN1, covariance_pt_floor=15.0, low_pt=10.0, low_pt_ip_scale=2.0, prompt=PUBLISHED_RESOLUTION
    ),
}

CALORIMETER = Calorimeter(
    radius=1150.0,
    field=2.0,
    eta_max=4.9,
    eta_towers=98,
    phi_towers=64,
    ecal=(ResolutionRegion(3.2, 0.0017, 0.101), ResolutionRegion(4.9, 0.0350, 0.285)),
    hcal=(
        ResolutionRegion(1.7, 0.0302, 0.5205, 1.59),
        ResolutionRegion(3.2, 0.0500, 0.706),
        ResolutionRegion(4.9, 0.0942, 1.00),
    ),
    ecal_energy_min=0.5,
    hcal_energy_min=1.0,
    significance_min=1.0,
)
