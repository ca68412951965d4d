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
#: What is kept of the way, again and again, where rounding of the inputs breaks a covariance near the edge.
_RETREAT = (0.9995, 0.99, 0.9, 0.0)


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
        """Elements [N, T] of all blocks of jets `x` [N, F] whose covariance is not positive definite."""
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
    """Where the K x K covariances of T elements are among the inputs: each is positive definite as a whole.

    A covariance that the block does not have counts as zero.

    Attributes
    ----------
    columns : int64 [T, K, K]
        Columns of the entries; any column where the block has none.
    given : bool [K, K]
        Which entries the block has, all variances among them.
    centre, sigma : float64 [F]
        ``sigma (x + centre)`` is the physical value.
    """

    columns: Tensor
    given: Tensor
    centre: Tensor
    sigma: Tensor

    @classmethod
    def of(cls, block: "Block", normalisation: "Normalisation") -> "BlockCovariances | None":
        """For a block with a covariance of variables whose variances it has; None for any other."""
        variances = dict(block.variances())
        names = [block.variables[index].name for index in variances]
        place = torch.diag(torch.tensor(list(variances.values()), dtype=torch.int64))
        given = torch.eye(len(names), dtype=torch.bool)
        for i, j in combinations(range(len(names)), 2):
            if (found := block.find("covariance", names[i], names[j])) is not None:
                place[i, j] = place[j, i] = found
                given[i, j] = given[j, i] = True
        if int(given.sum()) == len(names):
            return None
        return cls(
            torch.from_numpy(block.columns)[place].movedim(-1, 0).contiguous(),
            given,
            torch.from_numpy(normalisation.mean / normalisation.sigma),
            torch.from_numpy(normalisation.sigma),
        )

    def to(self, device: str | torch.device) -> "BlockCovariances":
        """The same on another device."""
        return BlockCovariances(*(getattr(self, field.name).to(device) for field in fields(self)))

    @property
    def entries(self) -> Tensor:
        """Columns of all entries of each element, once each, [T, E]."""
        return self.columns[:, self.given.tril()]

    def broken(self, x: Tensor) -> Tensor:
        """Elements [N, T] of jets `x` [N, F] whose covariance is not positive definite."""
        return _invalid(self._physical(x))

    def spoilt(self, origin: Tensor, x: Tensor) -> Tensor:
        """Covariance entries bool [N, F] of elements that the move from `origin` to `x` made invalid."""
        moved = (x != origin)[:, self.entries].any(dim=-1)
        spoilt = torch.zeros_like(x, dtype=torch.bool)
        spoilt[:, self.entries] = (moved & self.broken(x))[:, :, None]
        return spoilt

    def restore(self, origin: Tensor, x: Tensor, *, together: bool = False) -> Tensor:
        """As `Covariances.restore`, for one block."""
        before, after = self._physical(origin), self._physical(x)
        moved = (x != origin)[:, self.entries].any(dim=-1)
        suspect = moved & (_invalid(after) | _small(before, after))
        jets = suspect.any(dim=1).nonzero()[:, 0]
        if len(jets) == 0:
            return x
        start, move = origin[jets], (x - origin)[jets]
        share = before.new_ones(suspect.shape)
        share[suspect] = _reach(before[suspect], after[suspect])
        share = share[jets]
        back = self._part_way(start, move, share, together)
        for kept in _RETREAT:
            spoilt = moved[jets] & self.broken(back)
            if not bool(spoilt.any()):
                break
            share = torch.where(spoilt, kept * share, share)
            back = self._part_way(start, move, share, together)
        # Untouched entries stay bit for bit.
        back = torch.where(back == start + move, x[jets], back)
        return x.index_copy(0, jets, back)

    def _part_way(self, start: Tensor, move: Tensor, share: Tensor, together: bool) -> Tensor:
        """Jets [N, F] moved from `start`, the entries of each element by its `share` [N, T] alone."""
        if together:
            return start + share.amin(dim=1, keepdim=True).to(move.dtype) * move
        weight = torch.ones_like(move)
        weight[:, self.entries] = share.to(move.dtype)[:, :, None].expand(-1, -1, self.entries.shape[1])
        return start + weight * move

    def _physical(self, x: Tensor) -> Tensor:
        """Covariances float64 [N, T, K, K]."""
        values = self.sigma[self.columns] * (x[:, self.columns].double() + self.centre[self.columns])
        return torch.where(self.given, values, 0.0)


def _invalid(covariance: Tensor) -> Tensor:
    """Which covariances float64 [..., K, K] are not positive definite, bool [...]."""
    return torch.linalg.cholesky_ex(covariance).info != 0


def _small(before: Tensor, after: Tensor) -> Tensor:
    """Which covariances float64 [..., K, K] have a variance below the floor, bool [...]."""
    variance, left = (matrix.diagonal(dim1=-2, dim2=-1) for matrix in (before, after))
    return (left < _FLOOR * variance).any(dim=-1)


def _reach(before: Tensor, after: Tensor) -> Tensor:
    """Largest share [M] of the way between covariances float64 [M, K, K] that leaves them valid.

    ``C + t D`` with ``C = L L^T`` is positive definite as long as ``1 + t e`` is positive, e the smallest
    eigenvalue of ``L^-1 D L^-T``. No variance falls below 0.1 % of its value. What is not valid to begin with
    has no way.
    """
    root, fault = torch.linalg.cholesky_ex(before)
    valid = (fault == 0)[:, None, None]
    root = torch.where(valid, root, torch.eye(root.shape[-1], dtype=root.dtype, device=root.device))
    change = torch.where(valid, after - before, 0.0)
    half = torch.linalg.solve_triangular(root, change, upper=False)
    relative = torch.linalg.solve_triangular(root, half.mT, upper=False)
    least = torch.linalg.eigvalsh(relative)[:, 0]
    edge = torch.where(least < 0, -1 / least, torch.inf)
    variance, fall = (matrix.diagonal(dim1=-2, dim2=-1) for matrix in (before, change))
    floor = torch.where(fall < 0, (1 - _FLOOR) * variance / -fall, torch.inf).amin(dim=-1)
    return torch.where(fault == 0, _SHORT * torch.minimum(edge, floor), 0.0).clamp(max=1.0)
