"""What of the loss surface is looked at; the section ``surface`` of a configuration."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class WantedJet:
    """The jet whose planes are drawn; see `robustag.surface.reference_jet`."""

    flavour: str
    probability: float
    pt: float
    eta: float


@dataclass(frozen=True)
class Average:
    """Planes averaged over jets: how many of each flavour, and grid points a side."""

    jets: int
    points: int


@dataclass(frozen=True)
class AttackPath:
    """FGSM and PGD that are drawn on the planes: size, steps, and step size as of the attack ``pgd``."""

    epsilon: float
    steps: int
    rate: float


@dataclass(frozen=True)
class Boundary:
    """Search for the border between flavours; see `robustag.attacks.minimal.deepfool`."""

    steps: int
    overshoot: float


@dataclass(frozen=True)
class WeightGrid:
    """The loss in the space of weights; see `robustag.surface.weight_surface`."""

    jets: int
    epsilon: float
    width: float
    points: int


@dataclass(frozen=True)
class Surface:
    """How the loss surface of a model is scanned.

    Attributes
    ----------
    reference : str
        The model that chooses the jet.
    jet : WantedJet
    pairs : sequence of (str, str)
        Inputs that span planes; the first plane is that of the averages and of every jet, too.
    width, width_aligned : float
        Full width of these planes, and of those along gradients and principal directions (sigma).
    points : int
        Grid points a side around the one jet.
    average : Average
    path : AttackPath
    jets : int
        Jets of each flavour for the statistics.
    principal : int
        Leading principal directions of the inputs.
    lanczos : int
        Steps towards the largest curvature.
    boundary : Boundary
    weights : WeightGrid
    """

    reference: str
    jet: WantedJet
    pairs: Sequence[Sequence[str]]
    width: float
    width_aligned: float
    points: int
    average: Average
    path: AttackPath
    jets: int
    principal: int
    lanczos: int
    boundary: Boundary
    weights: WeightGrid
