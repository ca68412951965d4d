"""What a perturbation may move, and how far."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from robustag.errors import InputError
from robustag.models import choose

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation

#: Feature scales by the name that configurations use: how far each input may move, in its own sigma, at
#: epsilon = 1. ``none`` treats all alike (FGSM of arXiv:2203.13890); the others are its guess at the relative
#: size of plausible mismodelling, as its code applied the factors and as they were meant.
FACTORS: dict[str, Callable[["FeatureTable"], np.ndarray]] = {
    "none": lambda table: np.ones(table.size),
    "as_coded": lambda table: table.shift_as_coded,
    "as_intended": lambda table: table.shift_as_intended,
}


@dataclass(frozen=True)
class Budget:
    """Closed interval [lower, upper] for each jet and input around where the jet is, scaled units.

    Attributes
    ----------
    origin : Tensor [N, F]
        The jets, unperturbed.
    width : Tensor [N, F]
        Largest move either way, >= 0; zero freezes an entry.
    """

    origin: Tensor
    width: Tensor

    @property
    def lower(self) -> Tensor:
        """Lower ends of the intervals, [N, F]."""
        return self.origin - self.width

    @property
    def upper(self) -> Tensor:
        """Upper ends of the intervals, [N, F]."""
        return self.origin + self.width

    def project(self, x: Tensor) -> Tensor:
        """Closest point to `x` [N, F] inside the budget; itself where it is inside."""
        return torch.clamp(x, self.lower, self.upper)

    def steepest(self, gradient: Tensor) -> Tensor:
        """Move [N, F] from the origin that raises a loss of this gradient most, to first order.

        Only the signs of `gradient` [N, F] (or broadcastable) count; exactly zero moves nothing.
        """
        return gradient.sign() * self.width

    def outside(self, x: Tensor) -> Tensor:
        """Which entries of `x` leave the budget, bool [N, F]; NaN does."""
        return ~((x >= self.lower) & (x <= self.upper))


@dataclass(frozen=True)
class BudgetRule:
    """What holds for every jet of a data set; makes the budget of any batch.

    Attributes
    ----------
    scale : Tensor float32 [F]
        Largest move at epsilon = 1, scaled units (see `FACTORS`).
    integer : Tensor bool [F]
        Counts: never moved.
    centre : Tensor float32 [F]
        Mean over sigma of the scaling: ``x + centre`` is the physical value in units of sigma.
    relative_cap : float or None
        Largest move relative to the physical value: ``|X' - X| <= relative_cap |X|`` (0.2 in the study's
        restricted attack, after CMS-DP-2022-049); None for no such limit.
    """

    scale: Tensor
    integer: Tensor
    centre: Tensor
    relative_cap: float | None = None

    def __post_init__(self) -> None:
        if self.relative_cap is not None and not self.relative_cap > 0:
            raise InputError(f"relative_cap is {self.relative_cap}: give a positive number, or none at all")
        if not bool((torch.isfinite(self.scale) & (self.scale >= 0)).all()):
            raise InputError(
                "a feature scale of the budget is negative or not finite: mend the feature table"
            )

    @classmethod
    def of(
        cls,
        features: "FeatureTable",
        normalisation: "Normalisation",
        *,
        factors: str = "none",
        relative_cap: float | None = None,
    ) -> "BudgetRule":
        """Rule for a data set; `factors` names an entry of `FACTORS`.

        Raises
        ------
        InputError
            If the factors are unknown, the cap not positive, or table and normalisation differ in length.
        """
        if features.size != len(normalisation.mean):
            raise InputError(
                f"the feature table has {features.size} inputs, the normalisation {len(normalisation.mean)}: "
                "make the normalisation again"
            )

        def tensor(values: np.ndarray) -> Tensor:
            return torch.tensor(values, dtype=torch.float32)

        return cls(
            scale=tensor(choose(FACTORS, factors, "set of shift factors")(features)),
            integer=torch.tensor(features.integer, dtype=torch.bool),
            centre=tensor(normalisation.mean / normalisation.sigma),
            relative_cap=relative_cap,
        )

    def to(self, device: str | torch.device) -> "BudgetRule":
        """The same rule with its tensors on `device`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return BudgetRule(
            **{key: value.to(device) if isinstance(value, Tensor) else value for key, value in values.items()}
        )

    def budget(self, x: Tensor, missing: Tensor, epsilon: float) -> Budget:
        """Budget of jets `x` float32 [N, F] with `missing` entries bool [N, F].

        ``epsilon = inf`` gives the envelope: all that holds whatever the size of a perturbation (counts and
        missing entries stay, the relative cap holds). Perturbations without a bound of their own, such as
        Gaussian noise, spend the envelope.
        """
        # A huge finite step instead of infinity, so that the product with a mask of zeros is zero.
        step = (epsilon * self.scale).nan_to_num(nan=0.0).masked_fill(self.integer, 0.0)
        width = missing.logical_not() * step
        if self.relative_cap is not None:
            width = torch.minimum(width, self.relative_cap * (x + self.centre).abs())
        return Budget(x, width)
