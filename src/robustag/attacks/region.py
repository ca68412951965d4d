"""Where a perturbation may take some jets."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from robustag.attacks.norms import Ball, Ellipsoid
from robustag.attacks.relations import Before, Relations
from robustag.attacks.validity import Covariances

#: Relative excess of a ball's radius that counts as rounding.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class Region:
    """Closed interval [lower, upper] for each jet and input, scaled units; optionally a ball within it.

    Every step of `project` moves towards `origin`, and the interval, the balls and the valid covariances all
    hold the straight line from any of their points to it; what one step has ensured, the next keeps.
    Relations, the last, stay inside the intervals and leave covariances alone; there is no ball with them.

    Attributes
    ----------
    origin : Tensor [N, F]
        The jets, unperturbed.
    width : Tensor [N, F]
        Largest move either way where nothing but ranges narrows it; zero where an entry is frozen.
    missing : Tensor bool [N, F]
        Entries that stand in for something absent.
    epsilon : float
        Size of the region.
    ranges : tuple of two Tensors [F], optional
        Ends that no interval crosses, unless the jet itself is beyond them.
    ball : Ball or Ellipsoid, optional
        Bound on the move of all inputs together.
    covariances : Covariances, optional
        Keeps moved covariances valid.
    relations : Relations, optional
        Keeps what holds between inputs; only without a ball.
    before : tuple of Known, optional
        What holds in the unperturbed jets (`Relations.before`), where there are relations.
    """

    origin: Tensor
    width: Tensor
    missing: Tensor
    epsilon: float
    ranges: tuple[Tensor, Tensor] | None = None
    ball: Ball | Ellipsoid | None = None
    covariances: Covariances | None = None
    relations: Relations | None = None
    before: Before = ()

    @cached_property
    def lower(self) -> Tensor:
        """Lower ends of the intervals, [N, F]; not above the origin."""
        lower = self.origin - self.width
        if self.ranges is not None:
            lower = torch.maximum(lower, torch.minimum(self.origin, self.ranges[0]))
        return lower

    @cached_property
    def upper(self) -> Tensor:
        """Upper ends of the intervals, [N, F]; not below the origin."""
        upper = self.origin + self.width
        if self.ranges is not None:
            upper = torch.minimum(upper, torch.maximum(self.origin, self.ranges[1]))
        return upper

    @property
    def movable(self) -> Tensor:
        """Entries that may move at all, bool [N, F]."""
        return self.lower < self.upper

    def project(self, x: Tensor) -> Tensor:
        """Point inside the budget that stands for `x` [N, F]: itself where it is inside, idempotent.

        The closest one in the budget's norm, but for covariances that are no longer valid: all 15 entries of
        such a track go back along their move until it is; and for relations (see `Relations.restore`).
        """
        if self.ball is None:
            x = torch.clamp(x, self.lower, self.upper)
        else:
            move = self.ball.limit(x - self.origin, self.lower - self.origin, self.upper - self.origin)
            x = torch.clamp(self.origin + move, self.lower, self.upper)
        if self.covariances is not None:
            x = self.covariances.restore(self.origin, x, together=isinstance(self.ball, Ellipsoid))
        if self.relations is not None:
            x = self.relations.restore(self.before, self.origin, x, self.lower, self.upper)
        return x

    def steepest(self, gradient: Tensor) -> Tensor:
        """Move [N, F] from the origin that raises a loss of this gradient most, to first order.

        Only the direction of a jet's `gradient` [N, F] (or broadcastable) counts, and in L-infinity only its
        signs; exactly zero moves nothing.
        """
        if self._symmetric:
            return gradient.sign() * self.width
        if self.ball is None:
            return torch.clamp(self._corner(gradient), self.lower, self.upper) - self.origin
        gradient = gradient.expand_as(self.origin)
        return self.ball.steepest(gradient, self.lower - self.origin, self.upper - self.origin)

    def extreme(self, gradient: Tensor) -> Tensor:
        """Point of the budget that the gradient points at: one full step, [N, F]."""
        if self.ball is not None:
            return self.project(self.origin + self.steepest(gradient))
        corner = self._corner(gradient)
        return corner if self._symmetric else self.project(corner)

    def step(self, x: Tensor, gradient: Tensor, rate: float) -> Tensor:
        """From `x` [N, F] by `rate` times the steepest move, and back into the budget."""
        if self._symmetric:
            # Three passes over the entries instead of nine.
            x = torch.addcmul(x, gradient.sign(), self.width, value=rate)
            return torch.clamp(x, self.lower, self.upper, out=x)
        return self.project(x + rate * self.steepest(gradient))

    @property
    def _symmetric(self) -> bool:
        """Whether this is a box around each jet and nothing else."""
        parts = self.ball, self.ranges, self.covariances, self.relations
        return all(part is None for part in parts)

    def _corner(self, gradient: Tensor) -> Tensor:
        """Where the gradient points at in a box that no range has cut."""
        return torch.addcmul(self.origin, gradient.sign(), self.width)

    def holds(self, x: Tensor) -> bool:
        """Whether nothing of `x` is `outside`, which is sooner said of a mere box than where it is not."""
        if any(part is not None for part in (self.ball, self.covariances, self.relations)):
            return not bool(self.outside(x).any())
        # NaN is as far outside as it can be.
        least, most = torch.clamp(x, self.lower, self.upper).sub_(x).aminmax()
        return bool((least == 0) & (most == 0))

    def outside(self, x: Tensor) -> Tensor:
        """Which entries of `x` leave the budget, bool [N, F]; NaN does.

        A jet beyond its ball, a covariance that a move made invalid and relations that it broke count in
        every entry concerned.
        """
        left = ~((x >= self.lower) & (x <= self.upper))
        if self.ball is not None:
            move = x - self.origin
            # What a jet far out can hold of a small move is coarse: each entry may be a rounding beyond.
            rounding = torch.finfo(x.dtype).eps * torch.maximum(x.abs(), self.origin.abs())
            least = torch.sign(move) * (move.abs() - rounding).clamp(min=0.0)
            size = torch.minimum(self.ball.size(move), self.ball.size(least))
            left |= ~(size <= 1 + _ROUNDING)[:, None]
        if self.covariances is not None:
            left |= self.covariances.spoilt(self.origin, x)
        if self.relations is not None:
            left |= self.relations.spoilt(self.before, x)
        return left
