"""Moved inputs between which what held before still holds: orders, significances, shares of one whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from robustag.attacks.related import Known, Part, Place, SharesPart, SignificancePart, SortedPart
from robustag.features.relations import Continuous, Shares, Significance, Sorted

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation

#: Shares of its move that a jet is left with, one after another, until its relations can be had; at the last
#: it is back where they held.
_SHARES = (0.7, 0.4, 0.2, 0.0)


#: What is known of unperturbed jets, by part.
Before = tuple[Known, ...]


@dataclass(frozen=True)
class Relations:
    """All relations of a data set that moves of continuous inputs can break.

    Attributes
    ----------
    parts : tuple of Part
        The relations.
    used : Tensor int64 [K]
        Columns of the inputs that they are about.
    reset : Tensor bool [F]
        What goes back together for a jet whose relations cannot be had otherwise: those inputs, and with a
        variance its whole covariance.
    centre, sigma : float64 [K, 1]
        ``sigma (x + centre)`` is the physical value of an input that is used.
    """

    parts: tuple[Part, ...]
    used: Tensor
    reset: Tensor
    centre: Tensor
    sigma: Tensor

    @classmethod
    def of(cls, table: "FeatureTable", normalisation: "Normalisation") -> "Relations | None":
        """Those of a feature table; None if it has none."""
        relations = [relation for relation in table.relations if isinstance(relation, Continuous)]
        if not relations:
            return None
        used = np.unique(np.concatenate([relation.columns for relation in relations]))
        parts = tuple(_parts(relations, lambda columns: np.searchsorted(used, columns)))
        reset = np.isin(np.arange(table.size), used)
        for block in table.blocks:
            kinds = [variable.role.kind if variable.role else "" for variable in block.variables]
            matrix = block.columns[[kind in ("variance", "covariance") for kind in kinds]]
            # Half a covariance that goes back would be none.
            reset[matrix] |= reset[matrix].any()
        mean, sigma = normalisation.mean[used, None], normalisation.sigma[used, None]
        return cls(parts, *map(torch.from_numpy, (used, reset, mean / sigma, sigma)))

    def to(self, device: str | torch.device) -> "Relations":
        """The same on another device."""
        tensors = (self.used, self.reset, self.centre, self.sigma)
        return Relations(self.parts, *(tensor.to(device) for tensor in tensors))

    def before(self, origin: Tensor, missing: Tensor) -> Before:
        """What the other methods have to know of unperturbed jets [N, F]."""
        values, missing = self._physical(self._taken(origin)), self._taken(missing)
        return tuple(part.know(values, missing) for part in self.parts)

    def broken(self, before: Before, x: Tensor) -> Tensor:
        """Which of the R relations held before and do not in jets `x` [N, F], bool [N, R]."""
        return self._broken(before, self._taken(x))

    def spoilt(self, before: Before, x: Tensor) -> Tensor:
        """Entries of all relations, bool [N, F], of jets that break one which held before."""
        return self.broken(before, x).any(dim=1, keepdim=True) & self.reset

    def restore(self, before: Before, origin: Tensor, x: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        """Jets `x` [N, F] between `lower` and `upper`, moved until what held at the `origin` holds again.

        Variances stay. Given them, values that come in order go to the closest that are in order inside their
        intervals; what follows from others is computed anew; shares of a whole go back along their move.
        Where intervals leave no such values, or one relation undoes another, the inputs of all relations go
        back by a share of their move and it is tried again. A relation that did not hold before is left out.
        """
        taken, box = self._taken(x), torch.stack([self._taken(lower), self._taken(upper)])
        spoilt = self._broken(before, taken).any(dim=1)
        if not bool(spoilt.any()):
            return x
        # Mostly all jets, so that choosing them would take longer.
        taken = torch.where(spoilt, self._mended(before, taken, box), taken)
        x = x.index_copy(1, self.used, taken.T)
        rows = self._broken(before, taken).any(dim=1).nonzero()[:, 0]
        for share in _SHARES:
            if len(rows) == 0:
                break
            start, moved = tuple(known.take(rows) for known in before), x.index_select(0, rows)
            part_way = torch.where(self.reset, share, 1.0).to(x.dtype)
            moved = torch.lerp(origin.index_select(0, rows), moved, part_way)
            taken = self._taken(moved)
            if share > 0:
                taken = self._mended(start, taken, box.index_select(2, rows))
                moved.index_copy_(1, self.used, taken.T)
            x.index_copy_(0, rows, moved)
            rows = rows[self._broken(start, taken).any(dim=1)]
        return x

    def pull(self, before: Before, x: Tensor, gradient: Tensor) -> Tensor:
        """Gradient [N, F] at jets `x` [N, F] along moves that keep the relations, by the chain rule.

        Values that follow from others have none of their own: it goes to the others.
        """
        values, slope = self._physical(self._taken(x)), self._taken(gradient).double() / self.sigma
        for part, known in zip(self.parts, before, strict=True):
            part.pull(known, values, slope)
        return gradient.index_copy(1, self.used, (slope * self.sigma).T.to(gradient.dtype))

    def _broken(self, before: Before, taken: Tensor) -> Tensor:
        values = self._physical(taken)
        pairs = zip(self.parts, before, strict=True)
        return torch.cat([known.held & ~part.holds(known, values) for part, known in pairs], dim=1)

    def _mended(self, before: Before, taken: Tensor, box: Tensor) -> Tensor:
        """Scaled values `taken` [K, N] that keep the relations inside the `box` [2, K, N], where they can."""
        asked, ends = self._physical(taken), self._physical(box)
        for part, known in zip(self.parts, before, strict=True):
            part.narrow(known, asked, ends)
        values = torch.clamp(asked, *ends)
        for part, known in zip(self.parts, before, strict=True):
            part.mend(known, values, ends)
        found = torch.clamp((values / self.sigma - self.centre).to(taken.dtype), *box)
        # What no relation changes stays bit for bit.
        return torch.where(values == asked, taken, found)

    def _physical(self, taken: Tensor) -> Tensor:
        """Physical values float64 of scaled ones [..., K, N]."""
        return self.sigma * (taken.double() + self.centre)

    def _taken(self, x: Tensor) -> Tensor:
        """Scaled values [K, N] of the inputs that are used, of jets [N, F]."""
        return x.index_select(1, self.used).T.contiguous()


def _parts(relations: Sequence[Continuous], place: Place) -> Iterator[Part]:
    """What sees to them: significances last, for they follow values that others move."""
    for relation in relations:
        if isinstance(relation, Shares):
            yield SharesPart(relation, place)
        elif isinstance(relation, Sorted):
            yield SortedPart(relation, place)
    significances = [relation for relation in relations if isinstance(relation, Significance)]
    for elements in sorted({len(one.key) for one in significances}):
        yield SignificancePart([one for one in significances if len(one.key) == elements], place)
