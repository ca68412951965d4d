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
        values, missing = self._physical(origin), missing.index_select(1, self.used).T.contiguous()
        return tuple(part.know(values, missing) for part in self.parts)

    def broken(self, before: Before, x: Tensor) -> Tensor:
        """Which of the R relations held before and do not in jets `x` [N, F], bool [N, R]."""
        values = self._physical(x)
        pairs = zip(self.parts, before, strict=True)
        return torch.cat([known.held & ~part.holds(known, values) for part, known in pairs], dim=1)

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
        rows = self.broken(before, x).any(dim=1).nonzero()[:, 0]
        x = x.clone() if len(rows) else x
        for share in (1.0, *_SHARES):
            if len(rows) == 0:
                break
            moved, start = x.index_select(0, rows), tuple(known.take(rows) for known in before)
            if share < 1:
                part_way = torch.where(self.reset, share, 1.0).to(x.dtype)
                moved = torch.lerp(origin.index_select(0, rows), moved, part_way)
            if share > 0:
                moved = self._mended(start, moved, lower.index_select(0, rows), upper.index_select(0, rows))
            x.index_copy_(0, rows, moved)
            rows = rows[self.broken(start, moved).any(dim=1)]
        return x

    def _mended(self, before: Before, moved: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        asked = self._physical(moved)
        ends = torch.stack([self._physical(lower), self._physical(upper)])
        for part, known in zip(self.parts, before, strict=True):
            part.narrow(known, asked, ends)
        values = torch.clamp(asked, *ends)
        for part, known in zip(self.parts, before, strict=True):
            part.mend(known, values, ends)
        found = (values / self.sigma - self.centre).to(moved.dtype)
        found = torch.clamp(found, self._taken(lower), self._taken(upper))
        # What no relation changes stays bit for bit.
        found = torch.where(values == asked, self._taken(moved), found)
        return moved.index_copy(1, self.used, found.T)

    def _physical(self, x: Tensor) -> Tensor:
        """Physical values float64 [K, N] of the inputs that are used."""
        return self.sigma * (self._taken(x).double() + self.centre)

    def _taken(self, x: Tensor) -> Tensor:
        return x.index_select(1, self.used).T


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
