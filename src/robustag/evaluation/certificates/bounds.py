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
_CPU_PAIRS, _GPU_PAIRS = 256, 65_536
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
        unbiased = layer._replace(weight=layer.weight.abs(), bias=torch.zeros_like(layer.bias))
        centre, radius = layer.applied(centre), unbiased.applied(radius)
        return Bounds(centre - radius, centre + radius)

    def widened(self, by: Tensor) -> "Bounds":
        """Moved outwards."""
        return Bounds(self.lower - by, self.upper + by)

    def within(self, other: "Bounds") -> "Bounds":
        """What two statements about the same values leave together."""
        return Bounds(torch.maximum(self.lower, other.lower), torch.minimum(self.upper, other.upper))

    def rows(self, of: Tensor) -> "Bounds":
        """Those of some jets."""
        return Bounds(self.lower[of], self.upper[of])


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


@dataclass(frozen=True)
class Enclosure:
    """The hidden layers of a network over a box of inputs: what no output depends on but by them.

    Attributes
    ----------
    box : Bounds [N, F]
        Inputs.
    hidden : sequence of Bounds [N, H]
        Of each hidden layer in front of its activation.
    """

    box: Bounds
    hidden: Sequence[Bounds]

    def rows(self, of: Tensor) -> "Enclosure":
        """That of some jets."""
        return Enclosure(self.box.rows(of), [bounds.rows(of) for bounds in self.hidden])


def enclosed(
    layers: Sequence[AffineLayer],
    box: Bounds,
    effort: Effort = Effort(),
    wider: Enclosure | None = None,
) -> Enclosure:
    """Hidden layers over a box, by (alpha-)CROWN, and nowhere wider than by intervals.

    Neurons whose sign the intervals settle need no more: their ReLU is a straight line. Of the others the
    side that might settle the sign is bounded first, which is that of their value in the centre of the box,
    and the other one where it did not. The lower line of a ReLU is 0 or z, whichever leaves less area
    (CROWN's own rule); there gradient steps begin. Any slopes give a true bound, so steps are taken in
    float32, and what they end at is bounded in float64. For layers that sort there are intervals alone.

    Parameters
    ----------
    layers : sequence of AffineLayer
        The last one is not looked at.
    box : Bounds [N, F]
    effort : Effort
    wider : Enclosure, optional
        Over a box around this one: what it settles is settled here.

    Raises
    ------
    ValueError
        If the box leaves that of `wider`.
    """
    if wider is not None and not _inside(box, wider.box):
        raise ValueError("bounds over a box say nothing outside it: give the wider box first")
    passed: list[_Lines] = []
    hidden: list[Bounds] = []
    before = layers[:-1]
    bounds, centre = box, (box.lower + box.upper) / 2
    for position, (layer, slack) in enumerate(zip(before, _slacks(before, box), strict=True)):
        if position:
            bounds, centre = bounds.activated(layer), layer.activated(centre)
        bounds, centre = bounds.through(layer), layer.applied(centre)
        if wider is not None:
            bounds = bounds.within(wider.hidden[position])
        if position and not isinstance(layer, SortingLayer):
            bounds = _settled(bounds, layer, _Relaxation(passed, box), centre, effort.hidden)
        bounds = bounds.widened(slack)
        hidden.append(bounds)
        passed.append(_Lines.of(layer, bounds))
    return Enclosure(box, hidden)


def least_outputs(layers: Sequence[AffineLayer], inside: Enclosure, effort: Effort = Effort()) -> Tensor:
    """Lower bounds [N, S] of the outputs, by (alpha-)CROWN, and nowhere lower than by intervals.

    The last layer may be another one for each jet. Outputs are bounded with CROWN's own lower lines and with
    0 throughout, and after gradient steps; the best bound counts.
    """
    *before, last = layers
    lines = [_Lines.of(layer, bounds) for layer, bounds in zip(before, inside.hidden, strict=True)]
    relaxation = _Relaxation(lines, inside.box)
    *_, slack = _slacks(layers, inside.box)
    front = inside.hidden[-1].activated(last) if before else inside.box
    least = front.through(last).lower
    if before and not isinstance(last, SortingLayer):
        jets, outputs = least.shape
        weight, bias = last.weight.expand(jets, -1, -1).flatten(0, 1), last.bias.expand(jets, -1).flatten()
        row = torch.arange(jets * outputs, device=least.device)
        rows = _Rows(weight, bias, row // outputs, row, torch.ones_like(bias))
        # What steps end at is better than either line they begin with, but not for certain.
        improved = [(relaxation, effort.output)] if effort.output else []
        for relaxed, steps in ((relaxation, 0), (relaxation.flat(), 0), *improved):
            least = torch.maximum(least, relaxed.least(rows, steps).view_as(least))
    return least - slack


class _Lines(NamedTuple):
    """A layer and the lines that enclose its ReLU: ``lower z <= relu(z) <= chord z + intercept``, all [N, H].

    Neurons whose sign is not settled have 1 in `open_`, others 0; any slope in [0, 1] is a lower line of
    theirs.
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
        return cls(layer.weight, layer.bias, chord, intercept, adaptive, open_.to(lower.dtype))

    def flat(self) -> "_Lines":
        """With lower line 0 for every open neuron."""
        return self._replace(lower=self.lower * (1 - self.open_))

    def rows(self, of: Tensor) -> "_Lines":
        """For the jets at `of` int64 [P]."""
        return _Lines(self.weight, self.bias, *(part.index_select(0, of) for part in self[2:]))

    def single(self) -> "_Lines":
        """In float32."""
        return _Lines(*(part.float() for part in self))


class _Rows(NamedTuple):
    """Pairs of a jet and a neuron to bound: ``sign (weight relu(z) + bias)`` of neuron `row` for each.

    weight: [R, H], bias: [R], jet and row: int64 [P], sign: [P].
    """

    weight: Tensor
    bias: Tensor
    jet: Tensor
    row: Tensor
    sign: Tensor

    def chunks(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Some at a time: weights [p, H], biases [p] and jets [p]."""
        size = _CPU_PAIRS if self.jet.device.type == "cpu" else _GPU_PAIRS
        for jet, row, sign in zip(*(part.split(size) for part in self[2:]), strict=True):
            yield sign[:, None] * self.weight.index_select(0, row), sign * self.bias.index_select(0, row), jet


@dataclass(frozen=True)
class _Relaxation:
    """The layers in front of one that is bounded, relaxed over the box of each jet."""

    layers: Sequence[_Lines]
    box: Bounds

    def flat(self) -> "_Relaxation":
        return _Relaxation([lines.flat() for lines in self.layers], self.box)

    def least(self, rows: _Rows, steps: int) -> Tensor:
        """Lower bounds [P] over the box of each jet; `steps` improve the lower lines before."""
        centre, radius = (self.box.lower + self.box.upper) / 2, (self.box.upper - self.box.lower) / 2
        single = [lines.single() for lines in self.layers] if steps else []
        least = []
        for weight, offset, n in rows.chunks():
            layers = [lines.rows(n) for lines in self.layers]
            box = centre.index_select(0, n), radius.index_select(0, n)
            if steps:
                begun = [lines.rows(n) for lines in single]
                lower = _improved(weight.float(), begun, box[0].float(), box[1].float(), steps)
                layers = [
                    lines._replace(lower=better.double()) for lines, better in zip(layers, lower, strict=True)
                ]
            slope, constant = _carried_back(weight, layers)
            reach = (slope * box[0]).sum(dim=1) - (slope.abs() * box[1]).sum(dim=1)
            least.append(reach + (constant + offset))
        return torch.cat(least) if least else centre.new_zeros(0)


# Masks are numbers and products instead of choices in what follows: torch takes ten times as long for these.


def _carried_back(slope: Tensor, layers: Sequence[_Lines]) -> tuple[Tensor, Tensor]:
    """A function ``slope relu(z)`` of the last layer, [P, H], below it as one of the inputs.

    Returns its slope [P, F] and constant [P] there.
    """
    constant = slope.new_zeros(len(slope))
    for lines in reversed(layers):
        positive = slope.clamp(min=0.0)
        negative = slope - positive
        constant = constant + (negative * lines.intercept).sum(dim=1)
        slope = torch.addcmul(positive * lines.lower, negative, lines.chord)
        constant = constant + slope @ lines.bias
        slope = slope @ lines.weight
    return slope, constant


def _improved(rows: Tensor, layers: list[_Lines], centre: Tensor, radius: Tensor, steps: int) -> list[Tensor]:
    """Lower slopes [P, H] of each layer after some gradient steps that raise the bound on ``rows relu(z)``.

    The derivative of the bound by a slope is the weight of its line, never below zero, times the input of its
    neuron at that point of the relaxed network where the bound is taken.
    """
    step = _STEP
    for _ in range(steps):
        slope, taken = rows, []
        for lines in reversed(layers):
            on_lower = slope.sign().clamp_(min=0.0)
            line = torch.lerp(lines.chord, lines.lower, on_lower)
            taken.append((line, torch.addcmul(lines.intercept, lines.intercept, on_lower, value=-1.0)))
            slope = (slope * line) @ lines.weight
        h = torch.addcmul(centre, slope.sign_(), radius, value=-1.0)
        for lines, (line, shift) in zip(layers, reversed(taken), strict=True):
            z = torch.addmm(lines.bias, h, lines.weight.T)
            h = torch.addcmul(shift, line, z)
            lines.lower.add_(z.sign_().mul_(lines.open_), alpha=step).clamp_(0.0, 1.0)
        step *= _DECAY
    return [lines.lower for lines in layers]


def _settled(
    bounds: Bounds, layer: AffineLayer, relaxation: _Relaxation, centre: Tensor, steps: int
) -> Bounds:
    """Bounds of a hidden layer, tightened where they leave the sign of a neuron open.

    centre: [N, H], its values in the centre of the box.
    """
    lower, upper = bounds.lower.clone(), bounds.upper.clone()
    jet, neuron = ((lower < 0) & (upper > 0)).nonzero(as_tuple=True)
    sign = torch.where(centre[jet, neuron] > 0, 1.0, -1.0).to(lower.dtype)
    for turn, effort in (
        (1, 0),
        *([(1, steps)] if steps else []),
        (-1, 0),
        *([(-1, steps)] if steps else []),
    ):
        least = relaxation.least(_Rows(layer.weight, layer.bias, jet, neuron, turn * sign), effort)
        for side, chosen, better in (
            (lower, turn * sign > 0, torch.maximum),
            (upper, turn * sign < 0, torch.minimum),
        ):
            at = jet[chosen], neuron[chosen]
            side[at] = better(side[at], (turn * sign * least)[chosen])
        open_ = least < 0
        jet, neuron, sign = jet[open_], neuron[open_], sign[open_]
    return Bounds(lower, upper)


def _slacks(layers: Sequence[AffineLayer], box: Bounds) -> Iterator[Tensor]:
    """Room for rounding behind each layer, [N, H]."""
    size = torch.maximum(box.lower.abs(), box.upper.abs())
    for position, layer in enumerate(layers):
        size = layer.sizes().applied(layer.largest(size) if position else size)
        yield _ROUNDING * size


def _inside(box: Bounds, wider: Bounds) -> bool:
    return bool((box.lower >= wider.lower).all() and (box.upper <= wider.upper).all())
