"""Moved covariances, as those of tracks, that are still covariances."""

from dataclasses import dataclass, fields
from itertools import combinations, combinations_with_replacement
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
#: Of the interval in which the edge of the valid covariances is.
_HALVINGS = 21


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

    A covariance that the block does not have counts as zero. Numbers stand entry by entry, so that a step of
    an elimination is one operation on the elements of all jets.

    Attributes
    ----------
    entries : Tensor int64 [T, E]
        Columns of all entries of each element, once each.
    place : Tensor int64 [E]
        Where they are among the L = K (K + 1) / 2 of the lower triangle, which stand column by column.
    diagonal : Tensor int64 [K]
        Where the variances are among those.
    centre, sigma : Tensor float64 [E, T]
        ``sigma (x + centre)`` is the physical value.
    """

    entries: Tensor
    place: Tensor
    diagonal: Tensor
    centre: Tensor
    sigma: Tensor

    @classmethod
    def of(cls, block: "Block", normalisation: "Normalisation") -> "BlockCovariances | None":
        """For a block with a covariance of variables whose variances it has; None for any other."""
        variances = dict(block.variances())
        names = [block.variables[index].name for index in variances]
        pairs = list(combinations_with_replacement(names, 2))
        given = dict(zip(zip(names, names, strict=True), variances.values(), strict=True))
        for first, second in combinations(names, 2):
            if (found := block.find("covariance", first, second)) is not None:
                given[first, second] = found
        if len(given) == len(names):
            return None
        columns = block.columns[[given[pair] for pair in pairs if pair in given]]
        place = torch.tensor([index for index, pair in enumerate(pairs) if pair in given])
        diagonal = torch.tensor([index for index, (first, second) in enumerate(pairs) if first == second])
        mean, sigma = normalisation.mean[columns], normalisation.sigma[columns]
        numbers = map(torch.from_numpy, (mean / sigma, sigma))
        return cls(torch.from_numpy(columns.T.copy()), place, diagonal, *numbers)

    def to(self, device: str | torch.device) -> "BlockCovariances":
        """The same on another device."""
        return BlockCovariances(*(getattr(self, field.name).to(device) for field in fields(self)))

    def broken(self, x: Tensor) -> Tensor:
        """Elements [N, T] of jets `x` [N, F] whose covariance is not positive definite."""
        return self._valid(self._physical(self._taken(x))).logical_not().T

    def spoilt(self, origin: Tensor, x: Tensor) -> Tensor:
        """Covariance entries bool [N, F] of elements that the move from `origin` to `x` made invalid."""
        spoilt = torch.zeros_like(x, dtype=torch.bool)
        spoilt[:, self.entries] = (self._moved(origin, x) & self.broken(x))[:, :, None]
        return spoilt

    def restore(self, origin: Tensor, x: Tensor, *, together: bool = False) -> Tensor:
        """As `Covariances.restore`, for one block."""
        taken = self._taken(origin), self._taken(x)
        physical = tuple(map(self._physical, taken))
        suspect = self._valid(physical[1]).logical_not() | self._small(*physical)
        # From here on of suspects that have moved alone, which stand side by side.
        which = suspect.flatten().nonzero()[:, 0]
        which = which[(_some(taken[0], which) != _some(taken[1], which)).any(dim=0)]
        if len(which) == 0:
            return x
        before, after = (_some(part, which) for part in taken)
        element, jet = which // len(x), which % len(x)
        share = self._reach(*(_some(part, which) for part in physical)).to(x.dtype)
        if together:
            return self._together(origin, x, jet, share)
        move = after - before
        back = tried = before + share * move
        left = torch.arange(len(which), device=x.device)
        for kept in _RETREAT:
            left = left[self._valid(self._physical(tried, element[left])).logical_not()]
            if len(left) == 0:
                break
            share[left] *= kept
            tried = _some(before, left) + share[left] * _some(move, left)
            back[:, left] = tried
        # Untouched entries stay bit for bit.
        back = torch.where(back == before + move, after, back)
        places = jet * x.shape[1] + _some(self.entries.T, element)
        return x.flatten().index_copy(0, places.flatten(), back.flatten()).view_as(x)

    def _together(self, origin: Tensor, x: Tensor, jet: Tensor, share: Tensor) -> Tensor:
        """Jets `x` [N, F], moved as a whole by the smallest `share` [M] of the elements of a `jet` [M]."""
        least = share.new_ones(len(x)).scatter_reduce(0, jet, share, "amin")
        rows = (least < 1).nonzero()[:, 0]
        start, least = origin[rows], least[rows, None]
        move, moved = x[rows] - start, self._moved(origin, x)[rows]
        back = start + least * move
        for kept in _RETREAT:
            spoilt = (moved & self.broken(back)).any(dim=1, keepdim=True)
            if not bool(spoilt.any()):
                break
            least = torch.where(spoilt, kept * least, least)
            back = start + least * move
        back = torch.where(back == start + move, x[rows], back)
        return x.index_copy(0, rows, back)

    def _moved(self, origin: Tensor, x: Tensor) -> Tensor:
        """Elements [N, T] of which an entry differs."""
        return (self._taken(x) != self._taken(origin)).any(dim=0).T

    def _taken(self, x: Tensor) -> Tensor:
        """Scaled entries [E, T, N]."""
        taken = x.index_select(1, self.entries.T.flatten())
        return taken.T.contiguous().view(-1, len(self.entries), len(x))

    def _physical(self, scaled: Tensor, element: Tensor | None = None) -> Tensor:
        """Lower triangles float64 [L, T, N] of scaled entries [E, T, N]; [L, M] of those of `element` [M]."""
        centre, sigma = (
            part[:, :, None] if element is None else _some(part, element)
            for part in (self.centre, self.sigma)
        )
        values = (scaled.double() + centre) * sigma
        size = len(self.diagonal) * (len(self.diagonal) + 1) // 2
        if len(values) == size:
            return values
        return values.new_zeros(size, *values.shape[1:]).index_copy(0, self.place, values)

    def _valid(self, triangle: Tensor) -> Tensor:
        """Which covariances, of lower triangles float64 [L, ...], are positive definite, bool [...].

        Those whose pivots in Gaussian elimination are all positive.
        """
        first, *rest = triangle.split(list(range(len(self.diagonal), 0, -1)))
        least = first[0]
        while rest:
            ratio = first[1:] / first[0]
            rest = [
                torch.addcmul(column, ratio[row:], first[row + 1], value=-1)
                for row, column in enumerate(rest)
            ]
            first, *rest = rest
            least = torch.minimum(least, first[0])
        # False for NaN, which may follow a pivot of zero.
        return least > 0

    def _small(self, before: Tensor, after: Tensor) -> Tensor:
        """Which covariances, of lower triangles [L, ...], have a variance below the floor, bool [...]."""
        variance, left = (triangle.index_select(0, self.diagonal) for triangle in (before, after))
        return (left - _FLOOR * variance).amin(dim=0) < 0

    def _reach(self, before: Tensor, after: Tensor) -> Tensor:
        """Largest share [M] of the way between covariances, lower triangles [L, M], that leaves them valid.

        Valid covariances are a convex set: its edge is found by halving, of the square root of the share, so
        that small ones are precise as well. No variance falls below 0.1 % of its value. What is not valid to
        begin with has no way.
        """
        change = after - before
        root = torch.zeros_like(before[0])
        for halving in range(1, _HALVINGS + 1):
            ahead = root + 0.5**halving
            root = torch.where(self._valid(torch.addcmul(before, ahead.square(), change)), ahead, root)
        variance, fall = (triangle.index_select(0, self.diagonal) for triangle in (before, change))
        floor = torch.where(fall < 0, (1 - _FLOOR) * variance / -fall, torch.inf).amin(dim=0)
        share = _SHORT * torch.minimum(root.square(), floor)
        return torch.where(self._valid(before), share, 0.0)


def _some(numbers: Tensor, which: Tensor) -> Tensor:
    """Columns [E, M] of numbers [E, ...], which are counted along all but the first axis."""
    return numbers.flatten(1).index_select(1, which)
