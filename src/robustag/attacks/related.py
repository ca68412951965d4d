"""Relations between a few inputs of a jet: whether they hold, and how they are made to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from robustag.features.relations import Shares, Significance, Sorted

#: What a relation may be missed by, as a share of the larger of its value and 1: what a scaled float32 keeps
#: of a small variance.
TOLERANCE = 1e-3

#: Columns of the feature table -> rows of the values that a part is given.
Place = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Known:
    """What a part knows of the unperturbed jets.

    Attributes
    ----------
    values : Tensor float64 [V, N]
        What it needs of their values.
    missing : Tensor bool [M, N]
        What it needs of their missing entries.
    pin : Tensor int64 [P, N]
        What it has to find again.
    held : Tensor bool [N, R]
        Which of its relations hold.
    """

    values: Tensor
    missing: Tensor
    pin: Tensor
    held: Tensor

    def take(self, jets: Tensor) -> "Known":
        """Some of the jets."""
        values, missing, pin = (part.index_select(1, jets) for part in (self.values, self.missing, self.pin))
        return Known(values, missing, pin, self.held.index_select(0, jets))


class Part(Protocol):
    """Some relations, R of them, between physical values float64 [K, N].

    Values stand input by input: each step is one operation on all jets, whose numbers are side by side.
    """

    def know(self, values: Tensor, missing: Tensor) -> Known:
        """Look at unperturbed jets; relations of which something is missing do not hold."""

    def holds(self, known: Known, values: Tensor) -> Tensor:
        """Which relations hold in `values`, bool [N, R]; of those that did not at first, anything."""

    def narrow(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """Tighten intervals `ends` [2, K, N], in place, to where the relations can hold with the variances of
        `values` [K, N]; where there is nothing left, leave them."""

    def mend(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """Make what held hold in `values` [K, N], which are inside `ends`: in place, and inside them if that
        can be."""

    def pull(self, known: Known, values: Tensor, slope: Tensor) -> None:
        """Give the slopes [K, N] along values that follow from others to those others, in place."""


class SortedPart:
    """Falling order of values, or of their significances."""

    def __init__(self, relation: Sorted, place: Place) -> None:
        self._value = torch.from_numpy(place(relation.value))
        self._variance = None if relation.variance is None else torch.from_numpy(place(relation.variance))

    def know(self, values: Tensor, missing: Tensor) -> Known:
        """As `Part`; `pin` is the number of elements before the first that is missing."""
        absent = _rows(missing, self._value)
        if self._variance is not None:
            absent = absent | _rows(missing, self._variance)
        number = absent.cummax(dim=0).values.logical_not().sum(dim=0, keepdim=True)
        known = Known(values[:0], missing[:0], number, (number > 1).T)
        return replace(known, held=known.held & self.holds(known, values))

    def holds(self, known: Known, values: Tensor) -> Tensor:
        """As `Part`."""
        return self._in_order(known, self._key(known, values)[0])[:, None]

    def narrow(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: nothing."""

    def mend(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """The closest values in order: a weighted isotonic regression, then its bounds.

        Bounds that fall along the elements cut a solution without them to the one with them.
        """
        key, root = self._key(known, values)
        rising = known.held[:, 0] & ~self._in_order(known, key)
        if not bool(rising.any()):
            return
        there = self._there(known)
        low, high = (_rows(each, self._value) / root for each in ends)
        low = low.masked_fill(~there, -torch.inf).flip(0).cummax(dim=0).values.flip(0)
        high = high.masked_fill(~there, torch.inf).cummin(dim=0).values
        # Behind all that exists, so that it pulls none of them up.
        key = torch.where(there, key, key.masked_fill(~there, torch.inf).amin(dim=0, keepdim=True))
        found = falling(key.T, root.square().T).T.maximum(low).minimum(high) * root
        values[self._value] = torch.where(there & rising, found, _rows(values, self._value))

    def pull(self, known: Known, values: Tensor, slope: Tensor) -> None:
        """As `Part`: nothing follows."""

    def _key(self, known: Known, values: Tensor) -> tuple[Tensor, Tensor]:
        """What is in order [T, N], and what it is the value over."""
        value = _rows(values, self._value)
        if self._variance is None:
            return value, torch.ones_like(value)
        root = torch.where(self._there(known), _rows(values, self._variance).sqrt(), 1.0)
        return value / root, root

    def _in_order(self, known: Known, key: Tensor) -> Tensor:
        slack = TOLERANCE * key[1:].abs().clamp(min=1.0)
        fine = (key[1:] - key[:-1] <= slack) | self._there(known)[1:].logical_not()
        return fine.all(dim=0)

    def _there(self, known: Known) -> Tensor:
        return torch.arange(len(self._value), device=known.pin.device)[:, None] < known.pin


class SignificancePart:
    """Inputs that are the significance of one of T elements each, but for a sign that they may have."""

    def __init__(self, relations: Sequence[Significance], place: Place) -> None:
        self._column = torch.from_numpy(place(np.array([one.column for one in relations])))
        self._rank = torch.tensor([one.rank for one in relations])
        self._value, self._variance, key = (
            torch.from_numpy(place(np.stack([getattr(one, name) for one in relations])))
            for name in ("value", "variance", "key")
        )
        # Most relations choose their elements by the same keys, U sets of them.
        self._keys, self._which = key.unique(dim=0, return_inverse=True)

    def know(self, values: Tensor, missing: Tensor) -> Known:
        """As `Part`; `pin` has the rows of the elements' values, variances and keys, `values` the signs of
        values and significances."""
        gone = _rows(missing, self._keys.flatten())
        size = self._size(values, gone)
        order = size.movedim(2, 0).contiguous().argsort(dim=2, descending=True, stable=True)
        rank = self._rank.to(order.device)
        at = _rows(order.flatten(1).T, self._which * size.shape[1] + self._rank)
        pins = [
            rows.to(at.device).gather(1, at)
            for rows in (self._value, self._variance, self._keys[self._which])
        ]
        number = gone.view_as(size).logical_not().sum(dim=1)
        there = (_rows(number, self._which) > rank[:, None]) & ~_rows(missing, self._column)
        for pin in pins:
            there &= ~missing.gather(0, pin)
        signs = torch.cat([values.gather(0, pins[0]), _rows(values, self._column)])
        known = Known(torch.where(signs < 0, -1.0, 1.0).to(values), gone, torch.cat(pins), there.T)
        return replace(known, held=known.held & self.holds(known, values))

    def holds(self, known: Known, values: Tensor) -> Tensor:
        """As `Part`."""
        value, variance, key = (values.gather(0, pin) for pin in known.pin.chunk(3))
        found, said = value.abs() / variance.sqrt(), _rows(values, self._column).abs()
        size = _rows(self._size(values, known.missing), self._which)
        larger = (size > key.abs()[:, None]).sum(dim=1)
        near = (said - found).abs() <= TOLERANCE * found.clamp(min=1.0)
        return (near & (larger == self._rank.to(larger.device)[:, None])).T

    def narrow(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: signs stay, and so does the element."""
        pin, root, sign, sense = self._oriented(known, values)
        said = [_rows(each, self._column) * sense for each in ends]
        one, other = (each(*said).clamp(min=0.0) * root * sign for each in (torch.minimum, torch.maximum))
        low, high = torch.minimum(one, other), torch.maximum(one, other)
        some = known.held.T & (low <= ends[1].gather(0, pin)) & (high >= ends[0].gather(0, pin))
        ends[0].scatter_reduce_(0, pin, torch.where(some, low, -torch.inf), "amax")
        ends[1].scatter_reduce_(0, pin, torch.where(some, high, torch.inf), "amin")

    def mend(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: the significances computed anew."""
        pin, root, _, sense = self._oriented(known, values)
        said = sense * values.gather(0, pin).abs() / root
        values[self._column] = torch.where(known.held.T, said, _rows(values, self._column))

    def pull(self, known: Known, values: Tensor, slope: Tensor) -> None:
        """As `Part`: a significance is the value over the root of the variance, but for signs."""
        pin, root, _, sense = self._oriented(known, values)
        value, own = values.gather(0, pin), _rows(slope, self._column)
        slope[self._column] = own.masked_fill(known.held.T, 0.0)
        along_value = sense * own * value.sign() / root
        along_variance = -sense * own * value.abs() / (2 * root**3)
        for rows, along in ((pin, along_value), (known.pin.chunk(3)[1], along_variance)):
            slope.scatter_add_(0, rows, along.masked_fill(~known.held.T, 0.0))

    def _size(self, values: Tensor, gone: Tensor) -> Tensor:
        """What elements are chosen by [U, T, N]; negative where there is none."""
        size = _rows(values, self._keys.flatten()).abs().masked_fill(gone, -1.0)
        return size.view(*self._keys.shape, -1)

    def _oriented(self, known: Known, values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Rows of the values, roots of the variances, signs of values and significances, [R, N] each."""
        value, variance, _ = known.pin.chunk(3)
        sign, sense = known.values.chunk(2)
        return value, values.gather(0, variance).sqrt(), sign, sense


class SharesPart:
    """Inputs whose sum is at most one."""

    def __init__(self, relation: Shares, place: Place) -> None:
        self._columns = torch.from_numpy(place(relation.columns))

    def know(self, values: Tensor, missing: Tensor) -> Known:
        """As `Part`; `pin` is nothing, `values` and `missing` are the shares."""
        nothing = torch.empty(0, values.shape[1], dtype=torch.int64, device=values.device)
        known = Known(_rows(values, self._columns), _rows(missing, self._columns), nothing, nothing.T.bool())
        return replace(known, held=self.holds(known, values))

    def holds(self, known: Known, values: Tensor) -> Tensor:
        """As `Part`."""
        return self._sum(known, _rows(values, self._columns))[:, None] <= 1 + TOLERANCE

    def narrow(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: nothing."""

    def mend(self, known: Known, values: Tensor, ends: Tensor) -> None:
        """As `Part`: all go back along their move, just as far as they must."""
        shares = _rows(values, self._columns)
        before, after = self._sum(known, known.values), self._sum(known, shares)
        room, rise = before.clamp(min=1.0) - before, after - before
        kept = torch.where(known.held[:, 0] & (rise > room), room / rise, 1.0)
        values[self._columns] = known.values + kept * (shares - known.values)

    def pull(self, known: Known, values: Tensor, slope: Tensor) -> None:
        """As `Part`: nothing follows."""

    def _sum(self, known: Known, shares: Tensor) -> Tensor:
        return shares.masked_fill(known.missing, 0.0).sum(dim=0)


def falling(values: Tensor, weight: Tensor) -> Tensor:
    """The closest numbers [N, T] in falling order, in weighted least squares: isotonic regression.

    By the min-max formula of Robertson, Wright and Dykstra (Order Restricted Statistical Inference, 1988,
    theorem 1.4.4): the smallest over all first elements of the largest over all last ones of weighted means.
    """
    zero = values.new_zeros(1, len(values))
    total, summed = (torch.cat([zero, part.T.cumsum(dim=0)]) for part in (weight, weight * values))
    least = torch.full_like(values.T, torch.inf)
    for first in range(len(least)):
        mean = (summed[first + 1 :] - summed[first]) / (total[first + 1 :] - total[first])
        for last in range(len(mean) - 2, -1, -1):
            torch.maximum(mean[last], mean[last + 1], out=mean[last])
        torch.minimum(least[first:], mean, out=least[first:])
    return least.T


def _rows(values: Tensor, which: Tensor) -> Tensor:
    """Some rows of values [K, N], for which indexing proper takes several times as long."""
    return values.index_select(0, which.to(values.device))
