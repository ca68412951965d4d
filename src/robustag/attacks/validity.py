"""Moved covariances of tracks that are still covariances."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation

_PARAMETERS = ("D0", "Z0", "PHI", "THETA", "QOVERP")
#: Share of its value that a variance keeps at least.
_FLOOR = 1e-3
_SHORT = 1 - 1e-5


@dataclass(frozen=True)
class TrackCovariances:
    """Where the covariances of T tracks stand among the inputs: variances > 0, correlations within [-1, 1].

    Attributes
    ----------
    variance : int64 [T, 5]
        Columns of the variances.
    covariance : int64 [T, 10]
        Columns of the covariances.
    first, second : int64 [10]
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
    def of(cls, table: "FeatureTable", normalisation: "Normalisation") -> "TrackCovariances | None":
        """For a data set that has the 15 covariance entries of its tracks; None for one that has not."""
        if not {f"{name}{name}" for name in _PARAMETERS} <= set(table.track_variables):
            return None
        pairs = [(i, j) for i in range(len(_PARAMETERS)) for j in range(i)]
        names = [f"{_PARAMETERS[i]}{_PARAMETERS[j]}" for i, j in pairs]

        def columns(variables: list[str]) -> Tensor:
            return torch.tensor(
                [[table.index(f"track_{t}_{v}") for v in variables] for t in range(table.tracks)]
            )

        return cls(
            columns([f"{name}{name}" for name in _PARAMETERS]),
            columns(names),
            *torch.tensor(pairs).T,
            torch.from_numpy(normalisation.mean / normalisation.sigma),
            torch.from_numpy(normalisation.sigma),
        )

    def to(self, device: str | torch.device) -> "TrackCovariances":
        """The same on another device."""
        return TrackCovariances(*(getattr(self, field.name).to(device) for field in fields(self)))

    def broken(self, x: Tensor) -> Tensor:
        """Tracks [N, T] of jets `x` [N, F] with a variance <= 0 or a correlation beyond [-1, 1]."""
        variance, covariance = self._physical(x)
        return ~_valid(variance[..., self.first], variance[..., self.second], covariance).all(dim=-1)

    def spoilt(self, origin: Tensor, x: Tensor) -> Tensor:
        """Covariance entries bool [N, F] of tracks that the move from `origin` to `x` made invalid."""
        columns = torch.cat([self.variance, self.covariance], dim=1)
        moved = (x != origin)[:, columns].any(dim=-1)
        entries = torch.zeros_like(x, dtype=torch.bool)
        entries[:, columns] = (moved & self.broken(x))[:, :, None]
        return entries

    def restore(self, origin: Tensor, x: Tensor, *, together: bool = False) -> Tensor:
        """Jets `x` [N, F], each moved covariance pulled back towards `origin` [N, F] until it is valid.

        All 15 entries of a track share one step of their move; `together` makes the whole jet share it. A
        track that was not valid to begin with does not move.
        """
        columns = torch.cat([self.variance, self.covariance], dim=1)
        moved = (x != origin)[:, columns].any(dim=-1)
        suspect = moved & (self.broken(x) | self._small(origin, x))
        jets = suspect.any(dim=1).nonzero()[:, 0]
        if len(jets) == 0:
            return x
        start, move = origin[jets], (x - origin)[jets]
        share = torch.where(suspect[jets], self._reach(start, x[jets]), 1.0).to(x.dtype)
        # Where rounding alone would break a covariance at the very edge, the track stays.
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
        """Largest share [N, T] of each track's move that leaves its covariance valid.

        Matrices with positive variances and correlations within [-1, 1] are a convex set, so on the straight
        line from the unperturbed track the first root of ``(a + t a')(b + t b') - (c + t c')^2`` over all
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
        """Variances [N, T, 5] and covariances [N, T, 10] in float64."""
        return tuple(
            self.sigma[columns] * (x[:, columns].double() + self.centre[columns])
            for columns in (self.variance, self.covariance)
        )


def _valid(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return (a > 0) & (b > 0) & (c.square() <= a * b)
