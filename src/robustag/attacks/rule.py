"""What holds for every jet of a data set, which inputs may move and how far, and the budgets it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from robustag.attacks.definition import NORMS, RELATED_NORMS, BudgetSettings
from robustag.attacks.norms import Ball, Ellipsoid, Metric
from robustag.attacks.region import Region
from robustag.attacks.relations import Before, Relations
from robustag.attacks.scales import FACTORS, PER_JET, PerJet
from robustag.attacks.spread import Spread
from robustag.attacks.tabular import tabular_budget
from robustag.attacks.validity import Covariances
from robustag.errors import InputError
from robustag.features import select_inputs
from robustag.features.relations import Occupancy
from robustag.registry import choose

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation


@dataclass(frozen=True)
class Budget(Region):
    """Where some jets may go, and the rule that says so.

    Attributes
    ----------
    rule : BudgetRule
        What made it.
    """

    rule: "BudgetRule" = field(kw_only=True)

    @classmethod
    def around(
        cls,
        x: Tensor,
        epsilon: float,
        *,
        scale: Tensor | float = 1.0,
        missing: Tensor | None = None,
        frozen: Tensor | Sequence[int] | None = None,
        lower: Tensor | float | None = None,
        upper: Tensor | float | None = None,
        unit: Tensor | float | None = None,
        norm: str = "linf",
        spread: Spread | None = None,
        label: Tensor | None = None,
    ) -> "Budget":
        """Budget of any scaled tabular jets, without a feature table.

        Parameters
        ----------
        x : Tensor [N, F]
            The jets, float.
        epsilon : float
            Largest move in units of `scale`.
        scale : Tensor [F] or float
            How far each input may move at epsilon = 1.
        missing : Tensor bool [N, F] or [F], optional
            Entries that must stay.
        frozen : Tensor bool [F] or sequence of int, optional
            Inputs that must stay, such as counts: a mask, or their positions.
        lower, upper : Tensor [F] or float, optional
            Range of each input, scaled units.
        unit : Tensor [F] or float, optional
            One count in scaled units, 1 / sigma; attacks on counts (pip, pip_pgd) move `frozen` inputs by
            whole units of it, not below `lower`.
        norm : str
            One of `NORMS`; all inputs are one group.
        spread : Spread, optional
            Of the training jets (`Spread.measure`), for norm "mahalanobis".
        label : Tensor int [N], optional
            Classes, for norm "mahalanobis".

        Raises
        ------
        InputError
            If epsilon is negative, `x` not finite, nothing may move, or an argument is of another kind or
            shape.
        """
        return tabular_budget(
            BudgetRule,
            x,
            epsilon,
            scale=scale,
            missing=missing,
            frozen=frozen,
            lower=lower,
            upper=upper,
            unit=unit,
            norm=norm,
            spread=spread,
            label=label,
        )


@dataclass(frozen=True)
class BudgetRule:
    """What holds for every jet of a data set; makes the budget of any batch.

    Attributes
    ----------
    scale : Tensor float32 [F]
        Largest move at epsilon = 1, scaled units (see `FACTORS`); zero freezes an input.
    integer : Tensor bool [F]
        Counts: never moved, but by attacks that move them by whole units (`counts`).
    centre : Tensor float32 [F]
        Mean over sigma of the scaling: ``x + centre`` is the physical value in units of sigma.
    relative_cap : float or None
        Largest move relative to the physical value: ``|X' - X| <= relative_cap |X|`` (0.2 in the study's
        restricted attack, after CMS-DP-2022-049); None for no such limit.
    norm : str
        Which moves epsilon bounds (see `NORMS`).
    lower, upper : Tensor float32 [F] or None
        Physical range, scaled units; a jet that is beyond it already may stay where it is. None for no range.
    unit : Tensor float32 [F] or None
        One physical unit in scaled units: the step of a count.
    floor : Tensor float32 [F] or None
        Smallest count, scaled units.
    group : Tensor float32 [F, G] or None
        Which inputs make a group of "l2_group".
    spread : Tensor float32 [C, F, F] or None
        Covariance of each flavour, for "mahalanobis".
    per_jet : PerJet or None
        Scales that differ from jet to jet (see `PER_JET`).
    covariances : Covariances or None
        Where the covariances of tracks or other elements are, for data that have them.
    physical : bool
        Whether moved covariances have to stay valid.
    relations : Relations or None
        What else has to stay true between inputs.
    occupancy : tuple of Occupancy
        Counts that stay at or above the number of elements that a jet has.
    """

    scale: Tensor
    integer: Tensor
    centre: Tensor
    relative_cap: float | None = None
    norm: str = "linf"
    lower: Tensor | None = None
    upper: Tensor | None = None
    unit: Tensor | None = None
    floor: Tensor | None = None
    group: Tensor | None = None
    spread: Tensor | None = None
    per_jet: PerJet | None = None
    covariances: Covariances | None = None
    physical: bool = False
    relations: Relations | None = None
    occupancy: tuple[Occupancy, ...] = ()

    def __post_init__(self) -> None:
        if self.relative_cap is not None and not self.relative_cap > 0:
            raise InputError(f"relative_cap is {self.relative_cap}: give a positive number, or none at all")
        if not bool((torch.isfinite(self.scale) & (self.scale >= 0)).all()):
            raise InputError(
                "a feature scale of the budget is negative or not finite: mend the feature table"
            )
        choose(NORMS, self.norm, "norm")
        needed = {"mahalanobis": self.spread, "l2_group": self.group}
        if self.norm in needed and needed[self.norm] is None:
            raise InputError(
                f"norm '{self.norm}' needs a budget made from a feature table and training jets, or one of "
                "Budget.around with spread=Spread.measure(x, missing, label)"
            )
        if self.norm == "mahalanobis" and self.per_jet is not None:
            raise InputError(
                "norm 'mahalanobis' and scales that differ from jet to jet exclude each other: choose other "
                f"factors than {' or '.join(PER_JET)}"
            )
        if self.relations is not None and self.norm not in RELATED_NORMS:
            raise InputError(
                f"physical 'consistent' keeps relations of inputs inside intervals, and norm '{self.norm}' "
                "has none: choose norm linf, or physical true"
            )

    @classmethod
    def of(
        cls,
        features: "FeatureTable",
        normalisation: "Normalisation",
        *,
        factors: str = "none",
        relative_cap: float | None = None,
        norm: str = "linf",
        physical: bool | Literal["consistent"] = False,
        frozen: Sequence[str] = (),
        spread: Spread | None = None,
    ) -> "BudgetRule":
        """Rule for a data set.

        Parameters
        ----------
        features, normalisation
            What the inputs are and how they are scaled.
        factors : str
            Entry of `FACTORS`.
        relative_cap, norm
            As the attributes.
        physical : bool or "consistent"
            Whether moved inputs stay in their physical ranges, and moved covariances covariances;
            "consistent": and relations between inputs that the feature table states stay true.
        frozen : sequence of str
            Inputs, patterns or groups that must stay (see `robustag.features.select_inputs`).
        spread : Spread, optional
            Of the inputs; needed by norm "mahalanobis" and factors "central" and "published".

        Raises
        ------
        InputError
            If a name is unknown, the cap not positive, nothing may move, or table and normalisation (or
            spread) are not of one data set.
        """
        if features.size != len(normalisation.mean):
            raise InputError(
                f"the feature table has {features.size} inputs, the normalisation {len(normalisation.mean)}: "
                "make the normalisation again"
            )
        if features.names != normalisation.names:
            pairs = zip(features.names, normalisation.names, strict=True)
            ours, theirs = next(pair for pair in pairs if pair[0] != pair[1])
            raise InputError(
                f"the feature table has input '{ours}' where the normalisation has '{theirs}': "
                "make the normalisation again with this table"
            )
        if spread is not None and len(spread.central) != features.size:
            raise InputError(
                f"the spread has {len(spread.central)} inputs, the feature table {features.size}: "
                "measure it again"
            )

        def tensor(values: np.ndarray) -> Tensor:
            return torch.tensor(values, dtype=torch.float32)

        scale = np.asarray(choose(FACTORS, factors, "set of shift factors")(features, spread))
        if len(frozen):
            scale = np.where(select_inputs(frozen, features), 0.0, scale)
        if not (scale[~features.integer] > 0).any():
            raise InputError("the budget freezes every input: freeze fewer, or choose another feature scale")
        consistent = physical == "consistent"
        return cls(
            scale=tensor(scale),
            integer=torch.tensor(features.integer, dtype=torch.bool),
            centre=tensor(normalisation.mean / normalisation.sigma),
            relative_cap=relative_cap,
            norm=norm,
            lower=tensor(normalisation.scale(features.lower)) if physical else None,
            upper=tensor(normalisation.scale(features.upper)) if physical else None,
            unit=tensor(1 / normalisation.sigma),
            floor=tensor(normalisation.scale(features.lower)),
            group=_groups(features),
            spread=None if spread is None else spread.covariance,
            per_jet=PER_JET[factors].of(features, normalisation) if factors in PER_JET else None,
            covariances=Covariances.of(features, normalisation),
            physical=bool(physical),
            relations=Relations.of(features, normalisation) if consistent else None,
            occupancy=tuple(r for r in features.relations if consistent and isinstance(r, Occupancy)),
        )

    @classmethod
    def configured(
        cls,
        budget: BudgetSettings,
        features: "FeatureTable",
        normalisation: "Normalisation",
        spread: Spread | None = None,
    ) -> "BudgetRule":
        """Rule of an attack of a study, from what its definition and the study say.

        Parameters
        ----------
        budget : BudgetSettings
            Of the attack (`AttackDefinition.budget`), or of the study alone (`BudgetSettings.of`).
        features, normalisation, spread
            As `of`, which also lists the errors.
        """
        return cls.of(features, normalisation, spread=spread, **vars(budget))

    def to(self, device: str | torch.device) -> "BudgetRule":
        """The same rule with its tensors on `device`."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return BudgetRule(**{k: v.to(device) if hasattr(v, "to") else v for k, v in values.items()})

    def scale_of(self, x: Tensor) -> Tensor:
        """Feature scale of jets `x` [N, F]: [F], or [N, F] where it differs from jet to jet."""
        return self.scale if self.per_jet is None else self.per_jet.scale(self.scale, x)

    def needed(self, part: Literal["upper", "unit", "floor", "group", "spread"]) -> Tensor:
        """An attribute that not every rule has.

        Raises
        ------
        InputError
            If this rule was made without it.
        """
        found = getattr(self, part)
        if found is None:
            raise InputError(
                f"the budget has no {part} of its inputs: make it from a feature table and training jets, or "
                "with Budget.around"
            )
        return found

    def budget(
        self,
        x: Tensor,
        missing: Tensor,
        epsilon: float,
        label: Tensor | None = None,
        metric: Metric | None = None,
        before: Before | None = None,
    ) -> Budget:
        """Budget of jets `x` float32 [N, F] with `missing` entries bool [N, F].

        ``epsilon = inf`` gives the envelope: all that holds whatever the size of a perturbation (counts and
        missing entries stay, cap, ranges and covariances hold). So does norm "none": perturbations without a
        bound of their own, such as Gaussian noise, spend the envelope. Norm "mahalanobis" needs the flavours
        `label` int64 [N]. The `metric` of these jets, and relations `before` a move, are taken from the
        caller if it has them.

        Raises
        ------
        InputError
            If epsilon is negative or NaN, or flavours are needed and not given.
        """
        if not epsilon >= 0:
            raise InputError(f"the budget has epsilon {epsilon}: give a size of 0 or larger")
        scale = self.scale_of(x).masked_fill(self.integer, 0.0)
        reach: Tensor | float = torch.inf if self.norm == "none" and epsilon > 0 else epsilon
        ball = None
        if self.norm in ("l2", "l2_group", "mahalanobis") and epsilon < torch.inf:
            ball = self._ball(scale, missing, epsilon, label, metric)
            reach = ball.radius.amax(dim=1, keepdim=True)
            if isinstance(ball, Ellipsoid):
                scale = ball.metric.deviation()
        # A huge finite step instead of infinity, so that the product with a mask of zeros is zero.
        # The mask as numbers: choosing entry by entry takes several times as long on a CPU, and so does
        # anything that it reads or writes as bool.
        exists = missing.logical_not().view(torch.uint8).to(scale.dtype)
        width = exists.mul_((reach * scale).nan_to_num(nan=0.0))
        if self.relative_cap is not None:
            width = torch.minimum(width, self.relative_cap * (x + self.centre).abs())
        ranges = None if self.lower is None else (self.lower, self.needed("upper"))
        covariances = self.covariances if self.physical else None
        if before is None:
            before = () if self.relations is None else self.relations.before(x, missing)
        return Budget(
            x, width, missing, epsilon, ranges, ball, covariances, self.relations, before, rule=self
        )

    def counts(self, x: Tensor, missing: Tensor, units: int) -> Budget:
        """Budget in which existing counts move by up to `units`, not below their smallest value, and nothing
        else does.

        Raises
        ------
        InputError
            If the rule knows no unit of its counts, or has no counts.
        """
        if self.unit is None or self.floor is None or not bool(self.integer.any()):
            raise InputError(
                "the attack moves counts, and the budget knows none: make it from a feature table, or give "
                "Budget.around their places as frozen and the scaled size of one count as unit"
            )
        width = (missing.logical_not() & self.integer & (self.scale > 0)) * (units * self.unit)
        floor = self.floor.expand_as(x).clone() if self.occupancy else self.floor
        for bound in self.occupancy:
            # The last place that holds something, counted from 1.
            there = ~missing[:, bound.elements].all(dim=1)
            places = (there * torch.arange(1, there.shape[1] + 1, device=x.device)).amax(dim=1)
            least = places * self.unit[bound.column] - self.centre[bound.column]
            floor[:, bound.column] = floor[:, bound.column].maximum(least)
        ranges = floor, torch.full_like(self.floor, torch.inf)
        return Budget(x, width, missing, float(units), ranges, rule=self)

    def _ball(
        self, scale: Tensor, missing: Tensor, epsilon: float, label: Tensor | None, metric: Metric | None
    ) -> Ball | Ellipsoid:
        movable = missing.logical_not() & (scale > 0)
        if self.norm == "l2_group":
            group = self.needed("group")
            return Ball(scale, epsilon * scale.new_ones(len(missing), group.shape[1]), group)
        radius = epsilon * movable.sum(dim=1, keepdim=True).to(scale.dtype).sqrt()
        if self.norm == "l2":
            return Ball(scale, radius, scale.new_ones(scale.shape[-1], 1))
        if label is None:
            raise InputError("norm 'mahalanobis' needs the flavour of each jet: give label")
        return Ellipsoid(radius, self.metric(missing, label) if metric is None else metric)

    def metric(self, missing: Tensor, label: Tensor) -> Metric:
        """Mahalanobis metric of jets of flavour `label` int64 [N] with `missing` entries bool [N, F]."""
        return Metric.of(self.needed("spread"), self.scale.masked_fill(self.integer, 0.0), label, missing)


def _groups(features: "FeatureTable") -> Tensor:
    """The jet's own variables, then each element of every block, float32 [F, G]."""
    own = np.full(features.size, True)
    members = []
    for block in features.element_blocks:
        for columns in block.columns.T:
            members.append(np.isin(np.arange(features.size), columns))
            own &= ~members[-1]
    members = [own, *members] if own.any() else members
    return torch.tensor(np.stack(members, axis=1), dtype=torch.float32)
