"""The size of a move beyond its intervals: L2 balls over a jet or over its parts, Mahalanobis ellipsoids."""

from dataclasses import dataclass

import torch
from torch import Tensor

#: A ball is left alone while its move exceeds the radius by no more than rounding.
_SLACK = 1e-5
_ROUNDS = 64


@dataclass(frozen=True)
class Ball:
    """L2 ball around each jet, or around each group of its inputs, in units of the feature scale.

    Attributes
    ----------
    scale : Tensor [F] or [N, F]
        Unit of each input.
    radius : Tensor [N, G]
        Of each jet and group.
    member : Tensor float [F, G]
        1 where an input belongs to a group.
    """

    scale: Tensor
    radius: Tensor
    member: Tensor

    def size(self, move: Tensor) -> Tensor:
        """Size of a move [N, F] relative to the radius, the largest of the groups, [N]."""
        length = (self._unit(move).square() @ self.member).sqrt()
        relative = torch.where(length > 0, length / self.radius, 0.0)
        return relative.amax(dim=1)

    def limit(self, move: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        """Closest move (in units of the scale) inside ball and interval ends `lower` <= 0 <= `upper`."""
        inside = torch.clamp(move, lower, upper)
        if not bool((long := self.size(inside) > 1 + _SLACK).any()):
            return inside
        return torch.where(long[:, None], self._fill(self._unit(move), lower, upper, stretch=False), inside)

    def steepest(self, gradient: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        """Move inside ball and interval that gains most along `gradient` [N, F]."""
        return self._fill(gradient * self.scale, lower, upper, stretch=True)

    def _unit(self, move: Tensor) -> Tensor:
        return torch.where(self.scale > 0, move / self.scale, 0.0)

    def _fill(self, direction: Tensor, lower: Tensor, upper: Tensor, stretch: bool) -> Tensor:
        """``clip(t direction)`` with the largest t of a length within the radius; t <= 1 unless `stretch`.

        Both the projection on a ball cut by a box and the best linear gain inside it have this form
        (Lagrange); t grows as entries reach their ends, and each round fixes at least one more.
        """
        lower, upper = self._unit(lower), self._unit(upper)
        # Tiny gradients would underflow when squared.
        largest = direction.abs().amax(dim=1, keepdim=True)
        unit = torch.where(largest > 0, direction / largest, 0.0)
        longest = torch.full_like(largest, torch.inf) if stretch else largest
        t = torch.zeros_like(self.radius)
        full = torch.zeros_like(unit, dtype=torch.bool)
        for _ in range(_ROUNDS):
            ends = torch.where(unit > 0, upper, lower).square() * full
            rest = (self.radius.square() - ends @ self.member).clamp(min=0.0)
            free = unit.square().masked_fill(full, 0.0) @ self.member
            t = torch.where(free > 0, (rest / free).sqrt(), t)
            t = torch.minimum(t, longest)
            reached = t @ self.member.T * unit
            now = (reached > upper) | (reached < lower)
            if not bool((now & ~full).any()):
                break
            full |= now
        return torch.clamp(t @ self.member.T * unit, lower, upper) * self.scale


@dataclass(frozen=True)
class Ellipsoid:
    """Mahalanobis ball: moves that are likely for jets of a flavour, correlations included, are short.

    Attributes
    ----------
    radius : Tensor [N, 1]
        Largest Mahalanobis distance.
    metric : Metric
        What distances are, by what the jets have.
    """

    radius: Tensor
    metric: "Metric"

    def size(self, move: Tensor) -> Tensor:
        """Mahalanobis distance of a move [N, F] relative to the radius, [N]."""
        distance = self.metric.distance(move)
        return torch.where(distance > 0, distance / self.radius[:, 0], 0.0)

    def limit(self, move: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        """The move shortened to the radius, which is the closest in this metric, and cut to its interval.

        Where that cut lengthens the move, or rounding has, it is shortened once more.
        """
        inside = torch.clamp(self._shorten(move), lower, upper)
        return inside if torch.equal(inside, move) else self._shorten(inside)

    def steepest(self, gradient: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        """``r C g / sqrt(g C g)``, which gains most where no interval interferes, cut to its interval.

        It is as long as the radius up to rounding, unless that cut lengthens it, which `limit` sees to.
        """
        largest = gradient.abs().amax(dim=1, keepdim=True)
        gradient = torch.where(largest > 0, gradient / largest, 0.0)
        along = self.metric.spread(gradient)
        gain = (along * gradient).sum(dim=1, keepdim=True).clamp(min=0.0).sqrt()
        move = torch.where(gain > 0, self.radius * along / gain, 0.0)
        return torch.clamp(move, lower, upper)

    def _shorten(self, move: Tensor) -> Tensor:
        size = self.size(move)[:, None]
        return torch.where(size > 1 + _SLACK, move / size, move)


@dataclass(frozen=True)
class Metric:
    """Covariances of what may move, one for each combination of flavour and existing inputs among some jets.

    A missing input has no value: it is averaged over. One that exists and stays has its value: the covariance
    is that of the others given it.

    Attributes
    ----------
    covariance, inverse : Tensor [P, F, F]
        In units of the moves, and its inverse; zero for what does not move. The combinations of fewest jets
        stand first, so that those of equally many are multiplied at once.
    jets : Tensor int64 [N]
        Jets of one combination after the other.
    runs : tuple of (int, int)
        How many combinations in a row have how many jets each.
    """

    covariance: Tensor
    inverse: Tensor
    jets: Tensor
    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, spread: Tensor, scale: Tensor, label: Tensor, missing: Tensor) -> "Metric":
        """For jets of flavour `label` int64 [N] with `missing` entries bool [N, F].

        `spread` [C, F, F] is the covariance of each flavour, and `scale` [F] the size of a move in it, zero
        for what stays.
        """
        flavour = torch.nn.functional.one_hot(label, len(spread)).bool()
        patterns, index, count = torch.unique(
            torch.cat([missing, flavour], dim=1), dim=0, return_inverse=True, return_counts=True
        )
        rising = count.argsort(stable=True)
        jets = rising.argsort()[index].argsort(stable=True)
        absent, flavour = patterns[rising].split([len(scale), len(spread)], dim=1)
        there = absent.logical_not()
        covariance = _given(spread[flavour.byte().argmax(dim=1)], there, scale == 0)
        covariance *= scale[:, None] * scale
        mask = (there & (scale > 0)).to(covariance.dtype)
        _masked(covariance, mask)
        root = covariance.clone()
        root.diagonal(dim1=1, dim2=2).add_(1 - mask)
        # In rows, which products with single vectors read four times as fast.
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(root)).contiguous()
        each, number = count.unique(return_counts=True)
        runs = tuple(zip(number.tolist(), each.tolist(), strict=True))
        return cls(covariance, _masked(inverse, mask), jets, runs)

    def distance(self, move: Tensor) -> Tensor:
        """Mahalanobis distance of moves [N, F], [N]."""
        return (self._times(self.inverse, move) * move).sum(dim=1).clamp(min=0.0).sqrt()

    def spread(self, gradient: Tensor) -> Tensor:
        """The covariance times a gradient [N, F], [N, F]."""
        return self._times(self.covariance, gradient)

    def deviation(self) -> Tensor:
        """Largest move of each input at distance 1, [N, F]."""
        ends = self.covariance.diagonal(dim1=1, dim2=2).sqrt()
        parts = zip(ends.split([number for number, _ in self.runs]), self.runs, strict=True)
        return self._by_jet([part.repeat_interleave(each, dim=0) for part, (_, each) in parts])

    def _times(self, matrices: Tensor, vectors: Tensor) -> Tensor:
        """The matrix [F, F] of each jet times its vector, [N, F]."""
        blocks = matrices.split([number for number, _ in self.runs])
        parts = vectors[self.jets].split([number * each for number, each in self.runs])
        # Matrices first: for a single vector each, a batched product is three times as fast that way.
        return self._by_jet(
            [
                torch.bmm(block, part.view(len(block), -1, part.shape[1]).mT).mT.reshape(part.shape)
                for block, part in zip(blocks, parts, strict=True)
            ]
        )

    def _by_jet(self, parts: list[Tensor]) -> Tensor:
        """Rows of combination after combination, brought to the places of the jets."""
        ordered = torch.cat(parts)
        return torch.empty_like(ordered).index_copy_(0, self.jets, ordered)


def _masked(matrices: Tensor, mask: Tensor) -> Tensor:
    """The matrices [P, F, F], in place, without rows and columns where the mask [P, F] is zero."""
    return matrices.mul_(mask[:, :, None]).mul_(mask[:, None, :])


def _given(covariance: Tensor, there: Tensor, stays: Tensor) -> Tensor:
    """Covariances [P, F, F] of Gaussians whose existing inputs bool [P, F], of those bool [F] that stay, are
    known: ``C - C_k C_kk^-1 C_k^T``."""
    known = there[:, stays].to(covariance.dtype)
    if not known.shape[1]:
        return covariance
    across = covariance[:, :, stays] * known[:, None, :]
    own = across[:, stays] * known[:, :, None] + torch.diag_embed(1 - known)
    return covariance - across @ torch.cholesky_solve(across.mT, torch.linalg.cholesky(own))
