"""Feature scales: how far each input may move at epsilon = 1, in its own sigma."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor

from robustag.attacks.spread import Spread
from robustag.errors import InputError

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation


def _central(table: "FeatureTable", spread: Spread | None) -> np.ndarray:
    if spread is None:
        raise InputError("feature scale 'central' needs the spread of the training inputs: give its file")
    return spread.central.cpu().numpy()


def _published(table: "FeatureTable", spread: Spread | None) -> np.ndarray:
    if spread is None or spread.published is None:
        raise InputError("feature scale 'published' needs the published spread of the inputs: give its file")
    return spread.published.cpu().numpy()


def _resolution(table: "FeatureTable", spread: Spread | None) -> np.ndarray:
    scale = np.zeros(table.size, dtype=np.float32)
    scale[_with_variance(table)[0]] = 1.0
    return scale


def _with_variance(table: "FeatureTable") -> np.ndarray:
    """Columns of the inputs of which the table has the variance, and of that, int64 [2, K]."""
    pairs = [
        np.stack([block.columns[index], block.columns[variance]])
        for block in table.blocks
        for index, variance in block.variances()
    ]
    return np.concatenate([np.zeros((2, 0), dtype=int), *pairs], axis=1)


#: Feature scales by the name that configurations use. ``none`` treats all inputs alike (FGSM of
#: arXiv:2203.13890); ``as_intended`` and ``as_coded`` are its guess at the relative size of plausible
#: mismodelling, as meant and as its code applied it; ``central`` is the standard deviation of the central
#: 20-80 % of the training jets, as in CMS's b-hive; ``published`` is the standard deviation in the published
#: data set, and freezes inputs of which none is known; ``resolution`` gives each input whose variance is
#: an input too, such as a track parameter, the resolution that this very track reports (the square root of
#: its variance) and freezes every other input; ``uncertainty`` is the standard deviation of the measurement's
#: error that the feature table has, and freezes inputs without one.
FACTORS: dict[str, Callable[["FeatureTable", Spread | None], np.ndarray]] = {
    "none": lambda table, spread: np.ones(table.size),
    "as_coded": lambda table, spread: table.shift_as_coded,
    "as_intended": lambda table, spread: table.shift_as_intended,
    "central": _central,
    "published": _published,
    "resolution": _resolution,
    "uncertainty": lambda table, spread: table.uncertain.astype(np.float32),
}


class PerJet(ABC):
    """A scale that differs from jet to jet; a dataclass of tensors."""

    @classmethod
    @abstractmethod
    def of(cls, table: "FeatureTable", normalisation: "Normalisation") -> Self:
        """For all inputs of a data set that have it."""

    @abstractmethod
    def scale(self, scale: Tensor, x: Tensor) -> Tensor:
        """Scale [N, F] of each of the jets `x` [N, F], from the `scale` [F] of `FACTORS`."""

    def to(self, device: str | torch.device) -> Self:
        """The same on another device."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]  # a dataclass
        return type(self)(**{name: value.to(device) for name, value in values.items()})


@dataclass(frozen=True)
class Resolution(PerJet):
    """The resolution of K inputs, such as track parameters, which differs from jet to jet.

    Attributes
    ----------
    parameter, variance : int64 [K]
        Columns of the inputs and of their variances.
    centre, ratio : float32 [K]
        ``ratio (x_variance + centre)`` is the variance in units of the parameter's sigma squared.
    """

    parameter: Tensor
    variance: Tensor
    centre: Tensor
    ratio: Tensor

    @classmethod
    def of(cls, table: "FeatureTable", normalisation: "Normalisation") -> Self:
        """For all inputs of a data set of which it has the variance."""
        parameter, variance = _with_variance(table)
        mean, sigma = normalisation.mean[variance], normalisation.sigma[variance]
        return cls(
            torch.from_numpy(parameter),
            torch.from_numpy(variance),
            torch.tensor(mean / sigma, dtype=torch.float32),
            torch.tensor(sigma / normalisation.sigma[parameter] ** 2, dtype=torch.float32),
        )

    def scale(self, scale: Tensor, x: Tensor) -> Tensor:
        """Scale [F] spread to each jet of `x` [N, F], those with a variance times their resolution."""
        variance = (self.ratio * (x[:, self.variance] + self.centre)).clamp(min=0.0)
        spread = scale.expand_as(x).clone()
        spread[:, self.parameter] *= variance.sqrt()
        return spread


@dataclass(frozen=True)
class Uncertainty(PerJet):
    """What the measurement of each input may be wrong by; where that is relative, it differs from jet to jet.

    Attributes
    ----------
    absolute : float32 [F]
        Standard deviation in units of the input's sigma.
    relative : float32 [F]
        The same as a share of the physical value.
    centre : float32 [F]
        ``x + centre`` is the physical value in units of sigma.
    """

    absolute: Tensor
    relative: Tensor
    centre: Tensor

    @classmethod
    def of(cls, table: "FeatureTable", normalisation: "Normalisation") -> Self:
        """As the feature table has them."""
        absolute, relative = table.uncertainty
        sigma = normalisation.sigma
        columns = absolute / sigma, relative, normalisation.mean / sigma
        return cls(*(torch.tensor(column, dtype=torch.float32) for column in columns))

    def scale(self, scale: Tensor, x: Tensor) -> Tensor:
        """Scale [F] times the standard deviation for each jet of `x` [N, F]."""
        return scale * (self.absolute + self.relative * (x + self.centre).abs())


#: The scales that differ from jet to jet; what `FACTORS` has under their names says which inputs move at all.
PER_JET: dict[str, type[PerJet]] = {"resolution": Resolution, "uncertainty": Uncertainty}
