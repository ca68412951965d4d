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

    A jet's frozen and missing entries are no part of it: its metric is the covariance of what may move.

    Attributes
    ----------
    covariance : Tensor [C, F, F]
        Of each flavour, times the feature scales.
    label : Tensor int64 [N]
        Flavour.
    movable : Tensor bool [N, F]
        Entries that are not frozen.
    radius : Tensor [N, 1]
        Largest Mahalanobis distance.
    metric : Metric
        Inverses of what the jets need.
    """

    covariance: Tensor
    label: Tensor
    movable: Tensor
    radius: Tensor
    metric: "Metric"

    def size(self, move: Tensor) -> Tensor:
        """Mahalanobis distance of a move [N, F] relative to the radius, [N]."""
        distance = self.metric.distance(move)
        return torch.where(distance > 0, distance / self.radius[:, 0], 0.0)

    def limit(self, move: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        """The move shortened to the radius, which is the closest in this metric, and cut to its interval.

        Where that cut lengthens the move, it is shortened once more.
        """
        inside = torch.clamp(self._shorten(move), lower, upper)
        return self._shorten(inside)

    def steepest(self, gradient: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        """``r C g / sqrt(g C g)``, which gains most where no interval interferes; `limit` sees to those."""
        gradient = gradient * self.movable
        largest = gradient.abs().amax(dim=1, keepdim=True)
        gradient = torch.where(largest > 0, gradient / largest, 0.0)
        along = gradient.new_zeros(gradient.shape)
        for flavour, covariance in enumerate(self.covariance):
            chosen = self.label == flavour
            along[chosen] = gradient[chosen] @ covariance
        along = along * self.movable
        gain = (along * gradient).sum(dim=1, keepdim=True).clamp(min=0.0).sqrt()
        move = torch.where(gain > 0, self.radius * along / gain, 0.0)
        return self.limit(move, lower, upper)

    def _shorten(self, move: Tensor) -> Tensor:
        size = self.size(move)[:, None]
        return torch.where(size > 1 + _SLACK, move / size, move)


@dataclass(frozen=True)
class Metric:
    """Inverse covariances, one for each combination of flavour and movable inputs among some jets.

    Attributes
    ----------
    inverse : Tensor [P, F, F]
        Zero for what is frozen.
    jets : tuple of Tensor int64
        Jets of each combination.
    """

    inverse: Tensor
    jets: tuple[Tensor, ...]

    @classmethod
    def of(cls, covariance: Tensor, label: Tensor, movable: Tensor) -> "Metric":
        """For jets of flavour `label` int64 [N] whose `movable` bool [N, F] entries may move."""
        flavour = torch.nn.functional.one_hot(label, len(covariance)).bool()
        keys = torch.cat([movable, flavour], dim=1)
        patterns, index = torch.unique(keys, dim=0, return_inverse=True)
        jets = tuple((index == position).nonzero()[:, 0] for position in range(len(patterns)))
        first = torch.stack([rows[0] for rows in jets])
        mask = movable[first].to(covariance.dtype)
        block = covariance[label[first]] * mask[:, :, None] * mask[:, None, :]
        block += torch.diag_embed(1 - mask)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(block))
        return cls(inverse * mask[:, :, None] * mask[:, None, :], jets)

    def distance(self, move: Tensor) -> Tensor:
        """Mahalanobis distance of moves [N, F], [N]."""
        square = move.new_zeros(len(move))
        for inverse, rows in zip(self.inverse, self.jets, strict=True):
            part = move[rows]
            square[rows] = ((part @ inverse) * part).sum(dim=1)
        return square.clamp(min=0.0).sqrt()
