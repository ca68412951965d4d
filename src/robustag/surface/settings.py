"""What of the loss surface is looked at; the section ``surface`` of a configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robustag.registry import settings_of

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation


@dataclass(frozen=True)
class WantedJet:
    """The jet whose planes are drawn; see `robustag.surface.reference_jet`."""

    flavour: str
    pt: float
    eta: float


@dataclass(frozen=True)
class ScaledPair:
    """Two inputs that span a plane, as a network sees them.

    Attributes
    ----------
    names : (str, str)
    columns : (int, int)
    widths : (float, float)
        Full widths of the plane in sigma.
    """

    names: tuple[str, str]
    columns: tuple[int, int]
    widths: tuple[float, float]


@dataclass(frozen=True)
class InputPair:
    """Two inputs that span a plane, and its full widths along them in their own units."""

    inputs: Sequence[str]
    widths: Sequence[float]

    def scaled(self, table: "FeatureTable", normalisation: "Normalisation") -> ScaledPair:
        """The same in columns and units of sigma.

        Raises
        ------
        InputError
            If an input is unknown.
        """
        x, y = (table.index(name) for name in self.inputs)
        sigma = normalisation.sigma
        widths = float(self.widths[0] / sigma[x]), float(self.widths[1] / sigma[y])
        return ScaledPair((self.inputs[0], self.inputs[1]), (x, y), widths)


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
    jet : WantedJet
    pairs : sequence of mapping
        Each an `InputPair`, see `planes`; the first plane is that of the averages and of every jet, too.
    width_aligned : float
        Full width of planes along gradients and principal directions (sigma).
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

    jet: WantedJet
    pairs: Sequence[Mapping]
    width_aligned: float
    points: int
    average: Average
    path: AttackPath
    jets: int
    principal: int
    lanczos: int
    boundary: Boundary
    weights: WeightGrid

    def planes(self, table: "FeatureTable", normalisation: "Normalisation") -> list[ScaledPair]:
        """The pairs as a network sees them."""
        pairs = [settings_of(InputPair, pair, "surface.pairs") for pair in self.pairs]
        return [pair.scaled(table, normalisation) for pair in pairs]
