"""Sound bounds on the outputs of a network over a box of inputs, in float64.

Interval bound propagation (arXiv:1810.12715) carries a box from layer to layer and forgets how the neurons
move together. CROWN (arXiv:1811.00866) replaces each ReLU whose input may have either sign by two straight
lines, and carries a linear function of the outputs back to the inputs, where its extreme over a box is exact.
The slope of a lower line is free between 0 and 1: alpha-CROWN (arXiv:2011.13824) improves it by gradient
steps.

Rounding is covered: with ``m`` what the same network gives for absolute weights, biases and inputs, every
partial sum of either method stays below a few m, so each result is off by less than n u m, with u = 1.1e-16
and n the number of terms (about 1000); all bounds are moved outwards by 1e-11 m.

Indices: n jet, f input, h neuron, s output, p a (jet, neuron) pair that is bounded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from robustag.evaluation.certificates.network import AffineLayer, SortingLayer

_ROUNDING = 1e-11
_CPU_PAIRS, _GPU_PAIRS = 512, 65_536
"""Pairs at a time, whose coefficients stay in the cache of a CPU core, or keep a GPU busy."""
_STEP, _DECAY = 0.5, 0.6
"""First change of a slope, and by what each further one is smaller."""


@dataclass(frozen=True)
class Bounds:
    """Closed intervals: `lower` and `upper`, float64 [N, H]."""

    lower: Tensor
    upper: Tensor

    def activated(self, layer: AffineLayer) -> "Bounds":
        """Behind the activation in front of a layer; it is monotone, so that each end gives an end."""
        return Bounds(layer.activated(self.lower), layer.activated(self.upper))

    def through(self, layer: AffineLayer) -> "Bounds":
        """Behind an affine layer, entries taken as independent; exact for each output on its own."""
        centre, radius = (self.lower + self.upper) / 2, (self.upper - self.lower) / 2
        centre = torch.addmm(layer.bias, centre, layer.weight.T)
        radius = radius @ layer.weight.abs().T
        return Bounds(centre - radius, centre + radius)

    def widened(self, by: Tensor) -> "Bounds":
        """Moved outwards."""
        return Bounds(self.lower - by, self.upper + by)


def interval_bounds(layers: Sequence[AffineLayer], box: Bounds) -> Bounds:
    """Outputs [N, S] over a box of inputs [N, F], by interval bound propagation.

    Behind layers that sort, no interval is longer than the weights of a neuron allow: for a Lipschitz network
    this is its closed form, or tighter where some inputs stay.
    """
    bounds = box
    for position, (layer, slack) in enumerate(zip(layers, _slacks(layers, box), strict=True)):
        bounds = (bounds.activated(layer) if position else bounds).through(layer).widened(slack)
    return bounds


@dataclass(frozen=True)
class Effort:
    """How many gradient steps improve the slopes of the relaxation; none is CROWN.

    Attributes
    ----------
    hidden : int
        For each side of each neuron of a hidden layer whose sign CROWN leaves open.
    output : int
        For each side of each output.
    """

    hidden: int = 0
    output: int = 0


def crown_bounds(layers: Sequence[AffineLayer], box: Bounds, effort: Effort = Effort()) -> Bounds:
    """Outputs [N, S] over a box of inputs [N, F], by (alpha-)CROWN, and nowhere wider than by intervals.

    Neurons whose sign the intervals settle need no more: their ReLU is a straight line. Of the others the
    side that might settle the sign is bounded first, and the other one where it did not. The lower line of a
    ReLU is 0 or z, whichever leaves less area (CROWN's own rule); outputs are also bounded with 0 throughout,
    and the better bound counts. Both rules are where gradient steps begin. Any slopes give a true bound, so
    steps are taken in float32, and what they end at is bounded in float64. For layers that sort there are
    intervals alone.
    """
    if isinstance(layers[-1], SortingLayer):
        return interval_bounds(layers, box)
    passed: list[_Lines] = []
    bounds = box
    last = len(layers) - 1
    for position, (layer, slack) in enumerate(zip(layers, _slacks(layers, box), strict=True)):
        bounds = (bounds.activated(layer) if position else bounds).through(layer)
        if 0 < position < last:
            bounds = _settled(bounds, layer, _Relaxation(passed, box), effort.hidden)
        elif position == last > 0:
            bounds = _bounded(bounds, layer, _Relaxation(passed, box), effort.output)
        bounds = bounds.widened(slack)
        passed.append(_Lines.of(layer, bounds))
    return bounds


class _Lines(NamedTuple):
    """A layer and the lines that enclose its ReLU: ``lower z <= relu(z) <= chord z + intercept``, all [N, H].

    Neurons whose sign is not settled are `open_`; any slope in [0, 1] is a lower line of theirs.
    """

    weight: Tensor
    bias: Tensor
    chord: Tensor
    intercept: Tensor
    lower: Tensor
    open_: Tensor

    @classmethod
    def of(cls, layer: AffineLayer, bounds: Bounds) -> "_Lines":
        """With the lower line, of 0 and z, that leaves less area."""
        lower, upper = bounds.lower, bounds.upper
        open_ = (lower < 0) & (upper > 0)
        on = (lower >= 0).to(lower.dtype)
        chord = torch.where(open_, upper / (upper - lower), on)
        intercept = torch.where(open_, -lower * chord, 0.0)
        adaptive = torch.where(open_ & (upper > -lower), 1.0, on)
        return cls(layer.weight, layer.bias, chord, intercept, adaptive, open_)

    def flat(self) -> "_Lines":
        """With lower line 0 for every open neuron."""
        return self._replace(lower=self.lower.masked_fill(self.open_, 0.0))

    def rows(self, of: Tensor) -> "_Lines":
        """For the jets at `of` int64 [P]."""
        return self._replace(
            chord=self.chord[of],
            intercept=self.intercept[of],
            lower=self.lower[of],
            open_=self.open_[of],
        )

    def single(self) -> "_Lines":
        """In float32."""
        weight, bias, chord, intercept, lower = (part.float() for part in self[:5])
        return _Lines(weight, bias, chord, intercept, lower, self.open_)


@dataclass(frozen=True)
class _Relaxation:
    """The layers in front of one that is bounded, relaxed over the box of each jet."""

    layers: Sequence[_Lines]
    box: Bounds

    def flat(self) -> "_Relaxation":
        return _Relaxation([lines.flat() for lines in self.layers], self.box)

    def least(self, rows: Tensor, offset: Tensor, jet: Tensor, steps: int) -> Tensor:
        """Lower bound [P] of ``rows relu(z) + offset``, z the last layer, over the box of each `jet`.

        rows: [P, H], offset: [P], jet: int64 [P]; `steps` improve the lower lines before.
        """
        centre, radius = (self.box.lower + self.box.upper) / 2, (self.box.upper - self.box.lower) / 2
        least = []
        size = _CPU_PAIRS if jet.device.type == "cpu" else _GPU_PAIRS
        for start in range(0, len(jet), size):
            chunk = slice(start, start + size)
            n, slope = jet[chunk], rows[chunk]
            layers = [lines.rows(n) for lines in self.layers]
            box = centre[n], radius[n]
            if steps:
                lower = _improved(slope.float(), [lines.single() for lines in layers], *box, steps)
                layers = [
                    lines._replace(lower=better.double()) for lines, better in zip(layers, lower, strict=True)
                ]
            at_inputs, constant, _ = _carried_back(slope, layers)
            reach = (at_inputs * box[0]).sum(dim=1) - (at_inputs.abs() * box[1]).sum(dim=1)
            least.append(reach + (constant + offset[chunk]))
        return torch.cat(least) if least else offset


def _carried_back(slope: Tensor, layers: Sequence[_Lines]) -> tuple[Tensor, Tensor, list[Tensor]]:
    """A function ``slope relu(z)`` of the last layer, [P, H], below it as one of the inputs.

    Returns its slope [P, F] and constant [P] there, and which neurons of each layer take the lower line.
    """
    constant = slope.new_zeros(len(slope))
    low = []
    for lines in reversed(layers):
        positive = slope.clamp(min=0.0)
        negative = slope - positive
        constant = constant + (negative * lines.intercept).sum(dim=1)
        low.append(slope > 0)
        slope = positive * lines.lower + negative * lines.chord
        constant = constant + slope @ lines.bias
        slope = slope @ lines.weight
    return slope, constant, low[::-1]


def _improved(rows: Tensor, layers: list[_Lines], centre: Tensor, radius: Tensor, steps: int) -> list[Tensor]:
    """Lower slopes [P, H] of each layer after some gradient steps that raise the bound on ``rows relu(z)``.

    The derivative of the bound by a slope is the weight of its line, never below zero, times the input of its
    neuron at that point of the relaxed network where the bound is taken.
    """
    centre, radius = centre.float(), radius.float()
    step = _STEP
    for _ in range(steps):
        slope, _, low = _carried_back(rows, layers)
        h = centre - slope.sign() * radius
        for place, (lines, on_lower) in enumerate(zip(layers, low, strict=True)):
            z = torch.addmm(lines.bias, h, lines.weight.T)
            h = torch.where(on_lower, lines.lower * z, lines.chord * z + lines.intercept)
            moved = (lines.lower + step * z.sign()).clamp(0.0, 1.0)
            layers[place] = lines._replace(lower=torch.where(lines.open_, moved, lines.lower))
        step *= _DECAY
    return [lines.lower for lines in layers]


def _settled(bounds: Bounds, layer: AffineLayer, relaxation: _Relaxation, steps: int) -> Bounds:
    """Bounds of a hidden layer, tightened where they leave the sign of a neuron open."""
    lower, upper = bounds.lower.clone(), bounds.upper.clone()

    def tighten(jet: Tensor, neuron: Tensor, sign: Tensor, steps: int) -> Tensor:
        rows, offset = sign[:, None] * layer.weight[neuron], sign * layer.bias[neuron]
        least = relaxation.least(rows, offset, jet, steps)
        for side, chosen, better in ((lower, sign > 0, torch.maximum), (upper, sign < 0, torch.minimum)):
            at = jet[chosen], neuron[chosen]
            side[at] = better(side[at], (sign * least)[chosen])
        return least

    for effort in sorted({0, steps}):
        jet, neuron = ((lower < 0) & (upper > 0)).nonzero(as_tuple=True)
        sign = torch.where(lower[jet, neuron] + upper[jet, neuron] > 0, 1.0, -1.0).to(lower.dtype)
        for _ in range(2):
            open_ = tighten(jet, neuron, sign, effort) < 0
            jet, neuron, sign = jet[open_], neuron[open_], -sign[open_]
    return Bounds(lower, upper)


def _bounded(bounds: Bounds, layer: AffineLayer, relaxation: _Relaxation, steps: int) -> Bounds:
    """Bounds of the outputs, tightened on both sides."""
    jets, outputs = bounds.lower.shape
    jet = torch.arange(jets, device=bounds.lower.device).repeat_interleave(outputs)
    rows, offset = layer.weight.repeat(jets, 1), layer.bias.repeat(jets)
    lower, upper = bounds.lower, bounds.upper
    # What steps end at is better than either line they begin with, but not for certain.
    tries = ((relaxation, 0), (relaxation.flat(), 0), *([(relaxation, steps)] if steps else []))
    for relaxed, effort in tries:
        lower = torch.maximum(lower, relaxed.least(rows, offset, jet, effort).view_as(lower))
        upper = torch.minimum(upper, -relaxed.least(-rows, -offset, jet, effort).view_as(upper))
    return Bounds(lower, upper)


def _slacks(layers: Sequence[AffineLayer], box: Bounds) -> Iterator[Tensor]:
    """Room for rounding behind each layer, [N, H]."""
    size = torch.maximum(box.lower.abs(), box.upper.abs())
    for position, layer in enumerate(layers):
        size = layer.largest(size) if position else size
        size = torch.addmm(layer.bias.abs(), size, layer.weight.abs().T)
        yield _ROUNDING * size
