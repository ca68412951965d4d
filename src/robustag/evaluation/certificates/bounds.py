"""Sound bounds on the outputs of a ReLU network over a box of inputs, in float64.

Interval bound propagation (arXiv:1810.12715) carries a box from layer to layer and forgets how the neurons
move together. CROWN (arXiv:1811.00866) replaces each ReLU whose input may have either sign by two straight
lines, and carries a linear function of the outputs back to the inputs, where its extreme over a box is exact.

Rounding is covered: with ``m`` what the same network gives for absolute weights, biases and inputs, every
partial sum of either method stays below a few m, so each result is off by less than n u m, with u = 1.1e-16
and n the number of terms (about 1000); all bounds are moved outwards by 1e-11 m.

Indices: n jet, f input, h neuron, s output, p a (jet, neuron) pair that is bounded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from robustag.evaluation.certificates.network import AffineLayer

_ROUNDING = 1e-11
_CPU_PAIRS, _GPU_PAIRS = 2048, 65_536
"""Pairs at a time, whose coefficients stay in the cache of a CPU core, or keep a GPU busy."""


@dataclass(frozen=True)
class Bounds:
    """Closed intervals: `lower` and `upper`, float64 [N, H]."""

    lower: Tensor
    upper: Tensor

    def rectified(self) -> "Bounds":
        """Behind a ReLU."""
        return Bounds(self.lower.clamp(min=0.0), self.upper.clamp(min=0.0))

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
    """Outputs [N, S] over a box of inputs [N, F], by interval bound propagation."""
    bounds = box
    for position, (layer, slack) in enumerate(zip(layers, _slacks(layers, box), strict=True)):
        bounds = (bounds.rectified() if position else bounds).through(layer).widened(slack)
    return bounds


def crown_bounds(layers: Sequence[AffineLayer], box: Bounds) -> Bounds:
    """Outputs [N, S] over a box of inputs [N, F], by CROWN, and nowhere wider than by intervals.

    Neurons whose sign the intervals settle need no more: their ReLU is a straight line. Of the others the
    side that might settle the sign is bounded first, and the other one where it did not. The lower line of a
    ReLU is 0 or z, whichever leaves less area (CROWN's own rule); outputs are also bounded with 0 throughout,
    and the better bound counts.
    """
    passed: list[_Relaxed] = []
    bounds = box
    last = len(layers) - 1
    for position, (layer, slack) in enumerate(zip(layers, _slacks(layers, box), strict=True)):
        bounds = (bounds.rectified() if position else bounds).through(layer)
        if 0 < position < last:
            bounds = _settled(bounds, layer, passed, box)
        elif position == last > 0:
            bounds = _bounded(bounds, layer, passed, box)
        bounds = bounds.widened(slack)
        passed.append(_Relaxed.of(layer, bounds))
    return bounds


@dataclass(frozen=True)
class _Relaxed:
    """A layer and the lines that enclose its ReLU: ``line z <= relu(z) <= chord z + intercept``, all [N, H].

    `flat` is the lower line with slope 0 for every open neuron, `adaptive` with the better one of 0 and 1.
    """

    layer: AffineLayer
    chord: Tensor
    intercept: Tensor
    flat: Tensor
    adaptive: Tensor

    @classmethod
    def of(cls, layer: AffineLayer, bounds: Bounds) -> "_Relaxed":
        lower, upper = bounds.lower, bounds.upper
        open_ = (lower < 0) & (upper > 0)
        on = (lower >= 0).to(lower.dtype)
        chord = torch.where(open_, upper / (upper - lower), on)
        intercept = torch.where(open_, -lower * chord, 0.0)
        adaptive = torch.where(open_ & (upper > -lower), 1.0, on)
        return cls(layer, chord, intercept, on, adaptive)


def _settled(bounds: Bounds, layer: AffineLayer, passed: list[_Relaxed], box: Bounds) -> Bounds:
    """Bounds of a hidden layer, tightened where they leave the sign of a neuron open."""
    lower, upper = bounds.lower.clone(), bounds.upper.clone()
    jet, neuron = ((lower < 0) & (upper > 0)).nonzero(as_tuple=True)
    sign = torch.where(lower[jet, neuron] + upper[jet, neuron] > 0, 1.0, -1.0).to(lower.dtype)
    for _ in range(2):
        rows, offset = sign[:, None] * layer.weight[neuron], sign * layer.bias[neuron]
        least = _least(rows, offset, jet, passed, box, "adaptive")
        for side, chosen, better in ((lower, sign > 0, torch.maximum), (upper, sign < 0, torch.minimum)):
            at = jet[chosen], neuron[chosen]
            side[at] = better(side[at], (sign * least)[chosen])
        open_ = least < 0
        jet, neuron, sign = jet[open_], neuron[open_], -sign[open_]
    return Bounds(lower, upper)


def _bounded(bounds: Bounds, layer: AffineLayer, passed: list[_Relaxed], box: Bounds) -> Bounds:
    """Bounds of the outputs, tightened on both sides by either lower line."""
    jets, outputs = bounds.lower.shape
    jet = torch.arange(jets, device=bounds.lower.device).repeat_interleave(outputs)
    rows, offset = layer.weight.repeat(jets, 1), layer.bias.repeat(jets)
    lower, upper = bounds.lower, bounds.upper
    for line in ("adaptive", "flat"):
        lower = torch.maximum(lower, _least(rows, offset, jet, passed, box, line).view_as(lower))
        upper = torch.minimum(upper, -_least(-rows, -offset, jet, passed, box, line).view_as(upper))
    return Bounds(lower, upper)


def _least(
    rows: Tensor, offset: Tensor, jet: Tensor, passed: list[_Relaxed], box: Bounds, line: str
) -> Tensor:
    """Lower bound [P] of ``rows relu(z) + offset``, z the last layer of `passed`, over the box of each `jet`.

    rows: [P, H], offset: [P], jet: int64 [P].
    """
    centre, radius = (box.lower + box.upper) / 2, (box.upper - box.lower) / 2
    least = []
    size = _CPU_PAIRS if jet.device.type == "cpu" else _GPU_PAIRS
    for start in range(0, len(jet), size):
        chunk = slice(start, start + size)
        n, slope, constant = jet[chunk], rows[chunk], offset[chunk]
        for relaxed in reversed(passed):
            positive = slope.clamp(min=0.0)
            negative = slope - positive
            constant = constant + (negative * relaxed.intercept[n]).sum(dim=1)
            slope = positive * getattr(relaxed, line)[n] + negative * relaxed.chord[n]
            constant = constant + slope @ relaxed.layer.bias
            slope = slope @ relaxed.layer.weight
        reach = (slope * centre[n]).sum(dim=1) - (slope.abs() * radius[n]).sum(dim=1)
        least.append(reach + constant)
    return torch.cat(least) if least else offset


def _slacks(layers: Sequence[AffineLayer], box: Bounds) -> Iterator[Tensor]:
    """Room for rounding behind each layer, [N, H]."""
    size = torch.maximum(box.lower.abs(), box.upper.abs())
    for layer in layers:
        size = torch.addmm(layer.bias.abs(), size, layer.weight.abs().T)
        yield _ROUNDING * size
