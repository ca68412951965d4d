"""Bounds of one output by branch and bound: boxes are parted by the signs of single neurons.

In either part one ReLU is a straight line, which makes the bounds of all that lies behind it tighter; what a
jet is bounded by is the least bound of its parts. Parts are bounded over the whole box, without multipliers
for the sign that they hold (beta-CROWN, arXiv:2103.06624, which gained little here), so that the truth is
reached where outputs only fall with what neurons give, and elsewhere not for certain.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from robustag.evaluation.certificates.bounds import Bounds, Effort, Enclosure, enclosed, least_outputs
from robustag.evaluation.certificates.network import AffineLayer, forward

#: Steps of the descent by which `reached` looks for a low output.
_STEPS = 10


def branched(
    layers: Sequence[AffineLayer], inside: Enclosure, target: Tensor, effort: Effort, nodes: int
) -> Tensor:
    """Lower bounds [N] of the only output, improved until they pass a target or nodes run out.

    All parts of a jet that are not above its target are halved at a time, each by the open neuron whose lines
    leave most room for the output.

    Parameters
    ----------
    layers : sequence of AffineLayer
        With ReLUs and one output.
    inside : Enclosure
        Of each jet.
    target : Tensor float64 [N]
        What a bound has to pass.
    effort : Effort
        Of the bounds of each part.
    nodes : int
        Parts that may be bounded for a jet.
    """
    jet = torch.arange(len(target), device=target.device)
    spent = torch.zeros_like(jet)
    parts, least = inside, least_outputs(layers, inside, effort)[:, 0]
    settled = torch.full_like(target, torch.inf)
    while True:
        low = least <= target[jet]
        asked = 2 * torch.bincount(jet[low], minlength=len(target))
        room = _room(layers, parts)
        go_on = low & (spent + asked <= nodes)[jet] & (room > 0).any(dim=1)
        settled = settled.scatter_reduce(0, jet[~go_on], least[~go_on], "amin")
        (of,) = go_on.nonzero(as_tuple=True)
        if not len(of):
            return settled
        parts, jet = _halved(parts.rows(of), room[of].argmax(dim=1)), jet[of].repeat(2)
        spent = spent + torch.bincount(jet, minlength=len(target))
        parts = enclosed(layers, parts.box, effort, parts)
        # No part is worse than what it is a part of.
        least = torch.maximum(least[of].repeat(2), least_outputs(layers, parts, effort)[:, 0])


def reached(layers: Sequence[AffineLayer], box: Bounds) -> Tensor:
    """The least value [N] of the only output that a short descent finds in a box: no bound is above it."""
    x, radius = (box.lower + box.upper) / 2, (box.upper - box.lower) / 2
    least = forward(layers, x)[:, 0]
    for step in range(_STEPS):
        x = x.requires_grad_()
        (gradient,) = torch.autograd.grad(forward(layers, x).sum(), x)
        x = x.detach() - 2 * 0.7**step * radius * gradient.sign()
        x = torch.minimum(torch.maximum(x, box.lower), box.upper)
        least = torch.minimum(least, forward(layers, x)[:, 0])
    return least


def _room(layers: Sequence[AffineLayer], inside: Enclosure) -> Tensor:
    """How far the lines of open neurons are apart, times what the output makes of it, [N, all neurons]."""
    *before, last = layers
    slope = last.weight.expand(len(inside.box.lower), -1)
    rooms = [slope[:, :0]]
    for layer, bounds in zip(reversed(before), reversed(inside.hidden), strict=True):
        below, above = (-bounds.lower).clamp(min=0.0), bounds.upper.clamp(min=0.0)
        chord = above / (above + below).clamp(min=torch.finfo(above.dtype).tiny)
        rooms.append(slope.abs() * chord * below)
        slope = (slope * chord) @ layer.weight
    return torch.cat(rooms[::-1], dim=1)


def _halved(inside: Enclosure, neuron: Tensor) -> Enclosure:
    """All parts with one neuron each, counted over all layers, switched on, then all with it switched off."""
    widths = [bounds.lower.shape[1] for bounds in inside.hidden]
    chosen = torch.nn.functional.one_hot(neuron, sum(widths)).bool().split(widths, dim=1)
    hidden = []
    for bounds, here in zip(inside.hidden, chosen, strict=True):
        on, off = bounds.lower.masked_fill(here, 0.0), bounds.upper.masked_fill(here, 0.0)
        hidden.append(Bounds(torch.cat([on, bounds.lower]), torch.cat([bounds.upper, off])))
    return Enclosure(Bounds(inside.box.lower.repeat(2, 1), inside.box.upper.repeat(2, 1)), hidden)
