"""Relations between a few inputs of a jet: whether they hold, and how they are made to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

from robustag.features.relations import Shares, Significance, Sorted

#: What a relation may be missed by, as a share of the larger of its value and 1: what a scaled float32 keeps
#: of a small variance.
TOLERANCE = 1e-3

#: Columns of the feature table -> columns of the values that a part is given.
Place = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Known:
    """What a part knows of the unperturbed jets.

    Attributes
    ----------
    values : Tensor float64 [N, K]
        Physical values of the related inputs.
    missing : Tensor bool [N, K]
        Missing entries.
    pin : Tensor int64 [N, P]
        What the part has to find again.
    held : Tensor bool [N, R]
        Which of its relations hold.
    """

    values: Tensor
    missing: Tensor
    pin: Tensor
    held: Tensor

    def take(self, rows: Tensor) -> Self:
        """Some of the jets."""
        return type(self)(*(tensor[rows] for tensor in vars(self).values()))


class Part(Protocol):
    """Some relations, R of them, between physical values float64 [N, K]."""

    def know(self, values: Tensor, missing: Tensor) -> Known:
        """Look at unperturbed jets; relations of which something is missing do not hold."""

    def holds(self, known: Known, values: Tensor) -> Tensor:
        """Which relations hold in `values`, bool [N, R]; of those that did not at first, anything."""

    def narrow(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """Tighten intervals `ends` [2, N, K], in place, to where the relations can hold with the variances of
        `values` [N, K]; where there is nothing left, leave them."""

    def mend(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """Make what held hold in `values` [N, K], which are inside `ends`: in place, and inside them if that
        can be."""


class SortedPart:
    """Falling order of values, or of their significances."""

    def __init__(self, relation: Sorted, place: Place) -> None:
        self._value = torch.from_numpy(place(relation.value))
        self._variance = None if relation.variance is None else torch.from_numpy(place(relation.variance))

    def know(self, values: Tensor, missing: Tensor) -> Known:
        """As `Part`; `pin` is the number of elements before the first that is missing."""
        absent = missing[:, self._value]
        if self._variance is not None:
            absent = absent | missing[:, self._variance]
        number = absent.cummax(dim=1).values.logical_not().sum(dim=1, keepdim=True)
        known = Known(values, missing, number, number > 1)
        return Known(values, missing, number, known.held & self.holds(known, values))

    def holds(self, known: Known, values: Tensor) -> Tensor:
        """As `Part`."""
        key, _ = self._key(known, values)
        slack = TOLERANCE * key[:, 1:].abs().clamp(min=1.0)
        fine = (key[:, 1:] - key[:, :-1] <= slack) | ~self._there(known)[:, 1:]
        return fine.all(dim=1, keepdim=True)

    def narrow(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: nothing."""

    def mend(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """The closest values in order: a weighted isotonic regression, then its bounds.

        Bounds that fall along the elements cut a solution without them to the one with them.
        """
        jets = (known.held & ~self.holds(known, values))[:, 0].nonzero()[:, 0]
        known, some = known.take(jets), values[jets]
        there = self._there(known)
        key, root = self._key(known, some)
        low, high = (ends[:, jets[:, None], self._value] / root).unbind()
        low = low.masked_fill(~there, -torch.inf).flip(1).cummax(dim=1).values.flip(1)
        high = high.masked_fill(~there, torch.inf).cummin(dim=1).values
        # Behind all that exists, so that it pulls none of them up.
        key = torch.where(there, key, key.masked_fill(~there, torch.inf).amin(dim=1, keepdim=True))
        value = falling(key, root.square()).maximum(low).minimum(high) * root
        values[jets[:, None], self._value] = torch.where(there, value, some[:, self._value])

    def _key(self, known: Known, values: Tensor) -> tuple[Tensor, Tensor]:
        """What is in order [N, T], and what it is the value over."""
        value = values[:, self._value]
        if self._variance is None:
            return value, torch.ones_like(value)
        root = torch.where(self._there(known), values[:, self._variance].sqrt(), 1.0)
        return value / root, root

    def _there(self, known: Known) -> Tensor:
        return torch.arange(len(self._value), device=known.pin.device) < known.pin


class SignificancePart:
    """Inputs that are the significance of one of T elements each, but for a sign that they may have."""

    def __init__(self, relations: Sequence[Significance], place: Place) -> None:
        self._column = torch.from_numpy(place(np.array([one.column for one in relations])))
        self._rank = torch.tensor([one.rank for one in relations])
        self._value, self._variance, self._key = (
            torch.from_numpy(place(np.stack([getattr(one, name) for one in relations])))
            for name in ("value", "variance", "key")
        )

    def know(self, values: Tensor, missing: Tensor) -> Known:
        """As `Part`; `pin` has the columns of the elements' values, variances and keys."""
        gone = missing[:, self._key]
        order = self._size(values, missing).argsort(dim=2, descending=True, stable=True)
        at = order.gather(2, self._rank.to(order.device).expand(len(order), -1)[:, :, None])[:, :, 0]
        each = torch.arange(len(self._rank))
        pins = [columns.to(at.device)[each, at] for columns in (self._value, self._variance, self._key)]
        there = ((~gone).sum(dim=2) > self._rank.to(order.device)) & ~missing[:, self._column]
        for pin in pins:
            there &= ~missing.gather(1, pin)
        known = Known(values, missing, torch.cat(pins, dim=1), there)
        return Known(values, missing, known.pin, there & self.holds(known, values))

    def holds(self, known: Known, values: Tensor) -> Tensor:
        """As `Part`."""
        value, variance, key = (values.gather(1, pin) for pin in known.pin.chunk(3, dim=1))
        found, said = value.abs() / variance.sqrt(), values[:, self._column].abs()
        larger = (self._size(values, known.missing) > key.abs()[:, :, None]).sum(dim=2)
        near = (said - found).abs() <= TOLERANCE * found.clamp(min=1.0)
        return near & (larger == self._rank.to(larger.device))

    def narrow(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: signs stay, and so does the element."""
        pin, root, sign, sense = self._oriented(known, values)
        said = torch.sort(ends[:, :, self._column] * sense, dim=0).values.clamp(min=0.0)
        low, high = torch.sort(said * root * sign, dim=0).values
        some = known.held & (low <= ends[1].gather(1, pin)) & (high >= ends[0].gather(1, pin))
        ends[0].scatter_reduce_(1, pin, torch.where(some, low, -torch.inf), "amax")
        ends[1].scatter_reduce_(1, pin, torch.where(some, high, torch.inf), "amin")

    def mend(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: the significances computed anew."""
        pin, root, _, sense = self._oriented(known, values)
        said = sense * values.gather(1, pin).abs() / root
        values[:, self._column] = torch.where(known.held, said, values[:, self._column])

    def _size(self, values: Tensor, missing: Tensor) -> Tensor:
        """What elements are chosen by [N, R, T]; negative where there is none."""
        return values[:, self._key].abs().masked_fill(missing[:, self._key], -1.0)

    def _oriented(self, known: Known, values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Columns of the values, roots of the variances, signs of values and significances, [N, R] each."""
        value, variance, _ = known.pin.chunk(3, dim=1)
        root = values.gather(1, variance).sqrt()
        signs = known.values.gather(1, value), known.values[:, self._column]
        sign, sense = (torch.where(each < 0, -1.0, 1.0).to(root) for each in signs)
        return value, root, sign, sense


class SharesPart:
    """Inputs whose sum is at most one."""

    def __init__(self, relation: Shares, place: Place) -> None:
        self._columns = torch.from_numpy(place(relation.columns))

    def know(self, values: Tensor, missing: Tensor) -> Known:
        """As `Part`; `pin` is nothing."""
        nothing = torch.empty(len(values), 0, dtype=torch.int64, device=values.device)
        known = Known(values, missing, nothing, nothing.bool())
        return Known(values, missing, nothing, self.holds(known, values))

    def holds(self, known: Known, values: Tensor) -> Tensor:
        """As `Part`."""
        return self._sum(known, values)[:, None] <= 1 + TOLERANCE

    def narrow(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: nothing."""

    def mend(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: all go back along their move, just as far as they must."""
        before, after = self._sum(known, known.values), self._sum(known, values)
        room, rise = before.clamp(min=1.0) - before, after - before
        kept = torch.where(known.held[:, 0] & (rise > room), room / rise, 1.0)[:, None]
        origin = known.values[:, self._columns]
        values[:, self._columns] = origin + kept * (values[:, self._columns] - origin)

    def _sum(self, known: Known, values: Tensor) -> Tensor:
        return values[:, self._columns].masked_fill(known.missing[:, self._columns], 0.0).sum(dim=1)


def falling(values: Tensor, weight: Tensor) -> Tensor:
    """The closest numbers [N, T] in falling order, in weighted least squares: isotonic regression.

    By the min-max formula of Robertson, Wright and Dykstra (Order Restricted Statistical Inference, 1988,
    theorem 1.4.4): the smallest over all first elements of the largest over all last ones of weighted means.
    """
    zero = values.new_zeros(len(values), 1)
    total, summed = (torch.cat([zero, part.cumsum(dim=1)], dim=1) for part in (weight, weight * values))
    # Mean of elements a to b at [a, b].
    mean = (summed[:, None, 1:] - summed[:, :-1, None]) / (total[:, None, 1:] - total[:, :-1, None])
    upper = torch.ones(values.shape[1], values.shape[1], dtype=torch.bool, device=values.device).triu()
    mean = torch.where(upper, mean, -torch.inf)
    # Largest over b >= i at [a, i], then smallest over a <= i.
    largest = mean.flip(2).cummax(dim=2).values.flip(2)
    return torch.where(upper, largest, torch.inf).amin(dim=1)
