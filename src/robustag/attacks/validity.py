"""Moved covariances, as those of tracks, that are still covariances."""

from dataclasses import dataclass, fields
from itertools import combinations
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.features.blocks import Block
    from robustag.tensors import Normalisation

#: Share of its value that a variance keeps at least.
_FLOOR = 1e-3
_SHORT = 1 - 1e-5


@dataclass(frozen=True)
class Covariances:
    """The covariances of all blocks of a data set whose elements, such as tracks, have them."""

    parts: tuple["BlockCovariances", ...]

    @classmethod
    def of(cls, table: "FeatureTable", normalisation: "Normalisation") -> "Covariances | None":
        """For a feature table; None for one that gives no variable the role of a covariance."""
        parts = (BlockCovariances.of(block, normalisation) for block in table.blocks)
        there = tuple(part for part in parts if part is not None)
        return cls(there) if there else None

    def to(self, device: str | torch.device) -> "Covariances":
        """The same on another device."""
        return Covariances(tuple(part.to(device) for part in self.parts))

    def broken(self, x: Tensor) -> Tensor:
        """Elements [N, T] of all blocks of jets `x` [N, F] with a variance <= 0 or |correlation| > 1."""
        return torch.cat([part.broken(x) for part in self.parts], dim=1)

    def spoilt(self, origin: Tensor, x: Tensor) -> Tensor:
        """Covariance entries bool [N, F] of elements that the move from `origin` to `x` made invalid."""
        return torch.stack([part.spoilt(origin, x) for part in self.parts]).any(dim=0)

    def restore(self, origin: Tensor, x: Tensor, *, together: bool = False) -> Tensor:
        """Jets `x` [N, F], each moved covariance pulled back towards `origin` [N, F] until it is valid.

        All entries of an element share one step of their move; `together` makes the whole jet share it. An
        element that was not valid to begin with does not move.
        """
        # Valid covariances are a convex set: what one block is pulled back by leaves those before it valid.
        for part in self.parts:
            x = part.restore(origin, x, together=together)
        return x


@dataclass(frozen=True)
class BlockCovariances:
    """Where the covariances of T elements are among the inputs: variances > 0, correlations within [-1, 1].

    Attributes
    ----------
    variance : int64 [T, K]
        Columns of the variances.
    covariance : int64 [T, P]
        Columns of the covariances.
    first, second : int64 [P]
        Which two variances each covariance belongs to.
    centre, sigma : float64 [F]
        ``sigma (x + centre)`` is the physical value.
    """

    variance: Tensor
    covariance: Tensor
    first: Tensor
    second: Tensor
    centre: Tensor
    sigma: Tensor

    @classmethod
    def of(cls, block: "Block", normalisation: "Normalisation") -> "BlockCovariances | None":
        """For a block with a covariance of variables whose variances it has; None for any other."""
        variances = dict(block.variances())
        names = [block.variables[index].name for index in variances]
        entries = [
            (i, j, found)
            for i, j in combinations(range(len(names)), 2)
            if (found := block.find("covariance", names[i], names[j])) is not None
        ]
        if not entries:
            return None
        first, second, covariance = zip(*entries, strict=True)
        return cls(
            torch.from_numpy(block.columns[list(variances.values())].T.copy()),
            torch.from_numpy(block.columns[list(covariance)].T.copy()),
            torch.tensor(first),
            torch.tensor(second),
            torch.from_numpy(normalisation.mean / normalisation.sigma),
            torch.from_numpy(normalisation.sigma),
        )

    def to(self, device: str | torch.device) -> "BlockCovariances":
        """The same on another device."""
        return BlockCovariances(*(getattr(self, field.name).to(device) for field in fields(self)))

    def broken(self, x: Tensor) -> Tensor:
        """Elements [N, T] of jets `x` [N, F] with a variance <= 0 or a correlation beyond [-1, 1]."""
        variance, covariance = self._physical(x)
        return ~_valid(variance[..., self.first], variance[..., self.second], covariance).all(dim=-1)

    def spoilt(self, origin: Tensor, x: Tensor) -> Tensor:
        """Covariance entries bool [N, F] of elements that the move from `origin` to `x` made invalid."""
        columns = torch.cat([self.variance, self.covariance], dim=1)
        moved = (x != origin)[:, columns].any(dim=-1)
        entries = torch.zeros_like(x, dtype=torch.bool)
        entries[:, columns] = (moved & self.broken(x))[:, :, None]
        return entries

    def restore(self, origin: Tensor, x: Tensor, *, together: bool = False) -> Tensor:
        """As `Covariances.restore`, for one block."""
        columns = torch.cat([self.variance, self.covariance], dim=1)
        moved = (x != origin)[:, columns].any(dim=-1)
        suspect = moved & (self.broken(x) | self._small(origin, x))
        jets = suspect.any(dim=1).nonzero()[:, 0]
        if len(jets) == 0:
            return x
        start, move = origin[jets], (x - origin)[jets]
        share = torch.where(suspect[jets], self._reach(start, x[jets]), 1.0).to(x.dtype)
        # Where rounding alone would break a covariance at the very edge, the element stays.
        for _ in range(2):
            if together:
                back = start + share.amin(dim=1, keepdim=True) * move
            else:
                weight = torch.ones_like(move)
                weight[:, columns] = share[:, :, None].expand(-1, -1, columns.shape[1])
                back = start + weight * move
            share = torch.where(self.broken(back), 0.0, share)
        # Untouched entries stay bit for bit.
        back = torch.where(back == start + move, x[jets], back)
        return x.index_copy(0, jets, back)

    def _reach(self, origin: Tensor, x: Tensor) -> Tensor:
        """Largest share [N, T] of each element's move that leaves its covariance valid.

        Matrices with positive variances and correlations within [-1, 1] are a convex set, so on the straight
        line from the unperturbed element the first root of ``(a + t a')(b + t b') - (c + t c')^2`` over all
        pairs bounds t. No variance falls below 0.1 % of its value.
        """
        variance, covariance = self._physical(origin)
        after_variance, after_covariance = self._physical(x)
        fall, bend = after_variance - variance, after_covariance - covariance
        a, b = variance[..., self.first], variance[..., self.second]
        da, db = fall[..., self.first], fall[..., self.second]
        quadratic = da * db - bend.square()
        linear = a * db + b * da - 2 * covariance * bend
        constant = (a * b - covariance.square()).clamp(min=0.0)
        root = (linear.square() - 4 * quadratic * constant).clamp(min=0.0).sqrt()
        # The smallest positive root, in the form without cancellation; none where the denominator is <= 0.
        below = root - linear
        pairs = torch.where(below > 0, 2 * constant / below, torch.inf).amin(dim=-1)
        floor = torch.where(fall < 0, (1 - _FLOOR) * variance.clamp(min=0.0) / -fall, torch.inf).amin(dim=-1)
        return (_SHORT * torch.minimum(pairs, floor)).clamp(0.0, 1.0)

    def _small(self, origin: Tensor, x: Tensor) -> Tensor:
        before, after = self._physical(origin)[0], self._physical(x)[0]
        return (after < _FLOOR * before).any(dim=-1)

    def _physical(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Variances [N, T, K] and covariances [N, T, P] in float64."""
        return self._unscaled(x, self.variance), self._unscaled(x, self.covariance)

    def _unscaled(self, x: Tensor, columns: Tensor) -> Tensor:
        return self.sigma[columns] * (x[:, columns].double() + self.centre[columns])


def _valid(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return (a > 0) & (b > 0) & (c.square() <= a * b)
