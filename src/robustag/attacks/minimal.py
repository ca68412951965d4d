"""Attacks that look for the smallest move that makes the tagger misread a jet."""

import math

import torch
from torch import Tensor

from robustag.attacks.problem import Problem, Spend, gradient_of, logit_margin, loss_and_gradient, usable
from robustag.attacks.rule import Budget
from robustag.options import Chance, Count, NotNegative, Positive

#: Share of FMN's first step and shrinkage that its last one has.
_LEFT = 0.01


def deepfool(problem: Problem, *, steps: Count, overshoot: NotNegative) -> Spend:
    """DeepFool (arXiv:1511.04599): again and again the shortest way over the nearest linearised border.

    With ``f_k = z_k - z_true`` and its gradient w, the way to flavour k is ``|f_k| s sign(w) / sum(s |w|)``
    in L-infinity and ``|f_k| s^2 w / sum(s^2 w^2)`` in L2, s the feature scale and 0 where nothing may move.
    One run serves all epsilons: a jet whose way is longer than the budget goes as far as it may. A jet that
    is misread already stays: the paper leads away from the flavour that is read, this from the true one.

    Parameters
    ----------
    steps : int
        Largest number of linearisations (50 in the authors' code); each takes one backward pass for every
        wrong flavour.
    overshoot : float
        Share of the way to go beyond the border (0.02 in the paper).
    """
    envelope = problem.budget(torch.inf)
    scale = problem.rule.scale_of(problem.inputs) * envelope.movable
    in_box = problem.rule.norm == "linf"
    move = torch.zeros_like(problem.inputs)
    for _ in range(steps):
        x = envelope.project(problem.inputs + (1 + overshoot) * move)
        borders, gradients = _borders(problem, x)
        correct = (borders < 0).all(dim=1)
        if not bool(correct.any()):
            break
        weight = scale[:, None] * gradients
        length = weight.abs().sum(dim=2) if in_box else weight.square().sum(dim=2).sqrt()
        way = torch.where(length > 0, borders.abs() / length, torch.inf)
        nearest = way.argmin(dim=1)
        jets = torch.arange(len(x), device=x.device)
        chosen, size = weight[jets, nearest], way[jets, nearest, None]
        unit = chosen.sign() if in_box else chosen / length[jets, nearest, None]
        # A border at infinity (no gradient) leaves the jet where it is.
        step = size * scale * unit
        move = move + torch.where(torch.isfinite(step) & correct[:, None], step, 0.0)

    def spend(epsilon: float) -> Tensor:
        return problem.budget(epsilon).project(problem.inputs + (1 + overshoot) * move)

    return spend


def _borders(problem: Problem, x: Tensor) -> tuple[Tensor, Tensor]:
    """``z_k - z_true`` of every wrong flavour [N, C - 1], and its gradients [N, C - 1, F]."""
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        logits = problem.model(x)
        true = logits.gather(1, problem.label[:, None])
        classes = torch.arange(logits.shape[1], device=x.device)
        wrong = classes.expand_as(logits)[classes != problem.label[:, None]].view(len(x), -1)
        borders = logits.gather(1, wrong) - true
        gradients = [
            usable(gradient_of(border, x, retain_graph=True), problem.lost)
            for border in borders.unbind(dim=1)
        ]
    return borders.detach(), torch.stack(gradients, dim=1)


def fmn(problem: Problem, *, steps: Count, learning_rate: Positive, shrinkage: Chance) -> Spend:
    """Fast minimum-norm attack (arXiv:2102.12827, algorithm 1): steps inside a ball that shrinks while the
    jet is misread and grows while it is not.

    Before a jet is misread for the first time its ball reaches the linearised border,
    ``|delta| + |f| / |s grad f|_q``, f the logit margin, s the feature scale and q = 1 in L-infinity or 2 in
    L2; afterwards it is as before, or as the shortest move that was misread, if that is less. Either is made
    larger by ``shrinkage``, or smaller where the jet is misread; the paper takes the border itself, which is
    never crossed where the margin levels off. Steps go along ``s grad f``, of an L2 length in units of the
    scale. Step and shrinkage fall along a cosine.
    One run serves all epsilons: the shortest move that is misread, or the last one where none is, is cut to
    each. A jet that is misread already stays.

    Parameters
    ----------
    steps : int
        Forward and backward passes (1000 in the paper).
    learning_rate : float
        Length of the first step, in feature scales (from 1 to 100 in the paper, by data set).
    shrinkage : float
        Relative change of the ball in the first step (0.05 in the paper).
    """
    envelope = problem.budget(torch.inf)
    scale = problem.rule.scale_of(problem.inputs) * envelope.movable
    in_box = problem.rule.norm == "linf"
    q = 1 if in_box else 2
    x, unit = problem.inputs, torch.zeros_like(problem.inputs)
    best, shortest = unit, x.new_full((len(x),), torch.inf)
    radius = shortest
    for step in range(steps):
        decay = _LEFT + (1 - _LEFT) * (1 + math.cos(math.pi * step / steps)) / 2
        margin, gradient = loss_and_gradient(
            problem.model, logit_margin, envelope.project(x + scale * unit), problem.label
        )
        weight = scale * usable(gradient, problem.lost)
        size = _length(unit, in_box)
        shorter = (margin > 0) & (size < shortest)
        best, shortest = torch.where(shorter[:, None], unit, best), torch.where(shorter, size, shortest)
        slope = torch.linalg.vector_norm(weight, q, dim=1)
        # Without a slope there is no step that a border had to hold.
        border = torch.where(slope > 0, size + margin.abs() / slope, torch.inf)
        seen = torch.isfinite(shortest)
        change = 1 + decay * shrinkage * (1 - 2 * (margin > 0).to(x.dtype))
        radius = torch.where(seen, torch.minimum(shortest, radius), border) * change
        norm = torch.linalg.vector_norm(weight, dim=1, keepdim=True)
        unit = unit + learning_rate * decay * torch.where(norm > 0, weight / norm, 0.0)
        unit = _inside(unit, radius, in_box)
    last = torch.where(torch.isfinite(shortest)[:, None], best, unit)

    def spend(epsilon: float) -> Tensor:
        return problem.budget(epsilon).project(x + scale * last)

    return spend


def _length(unit: Tensor, in_box: bool) -> Tensor:
    """Length [N] of moves [N, F] in L-infinity or L2."""
    return torch.linalg.vector_norm(unit, torch.inf if in_box else 2, dim=1)


def _inside(unit: Tensor, radius: Tensor, in_box: bool) -> Tensor:
    """The closest moves [N, F] no longer than `radius` [N]."""
    if in_box:
        return torch.clamp(unit, -radius[:, None], radius[:, None])
    length = _length(unit, in_box)[:, None]
    return torch.where(length > radius[:, None], unit * (radius[:, None] / length), unit)


def carlini_wagner(
    problem: Problem,
    *,
    steps: Count,
    searches: Count,
    learning_rate: Positive,
    constant: Positive,
    confidence: NotNegative,
) -> Spend:
    """Carlini and Wagner's L2 attack (arXiv:1608.04644): Adam on length and margin together.

    Minimises ``|delta / s|^2 + c max(z_true - max z_wrong + confidence, 0)``; c starts at `constant` and is
    searched for each jet, halved between its bounds where the jet was fooled and raised tenfold where it was
    not. Inputs here have no bounds, so the paper's change of variables is not needed; no search is aborted
    early, which would let the jets of a batch decide on one another. The shortest successful move of each
    jet, or the last one where none was, is cut to each epsilon.

    Parameters
    ----------
    steps : int
        Of Adam, in each search (at most 10000 in the authors' code).
    searches : int
        Trials of c (9 in the authors' code).
    learning_rate : float
        Of Adam, in feature scales (0.01 in the authors' code, of pixels from -0.5 to 0.5).
    constant : float
        First weight c of the margin against the length (0.001 in the authors' code).
    confidence : float
        Margin of logits that a successful move exceeds (0 in the authors' code).
    """
    envelope = problem.budget(torch.inf)
    scale = problem.rule.scale_of(problem.inputs) * envelope.movable
    x = problem.inputs
    weight = x.new_full((len(x),), constant)
    low, high = torch.zeros_like(weight), torch.full_like(weight, torch.inf)
    shortest = torch.full_like(weight, torch.inf)
    best = torch.zeros_like(x)
    for _ in range(searches):
        fooled, length, unit = _minimise(problem, envelope, scale, weight, steps, learning_rate, confidence)
        shorter = fooled & (length < shortest)
        take = shorter | (~fooled & torch.isinf(shortest))
        best = torch.where(take[:, None], unit, best)
        shortest = torch.where(shorter, length, shortest)
        high = torch.where(fooled, torch.minimum(high, weight), high)
        low = torch.where(fooled, low, torch.maximum(low, weight))
        weight = torch.where(torch.isinf(high), weight * 10, (low + high) / 2)

    def spend(epsilon: float) -> Tensor:
        return problem.budget(epsilon).project((x + scale * best).to(x.dtype))

    return spend


def _minimise(
    problem: Problem,
    envelope: Budget,
    scale: Tensor,
    weight: Tensor,
    steps: int,
    learning_rate: float,
    confidence: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Which jets were fooled, the squared length of their shortest move so, and that move over the scale."""
    x = problem.inputs
    # Adam needs more than half precision.
    precision = torch.promote_types(x.dtype, torch.float32)
    unit = torch.zeros_like(x, dtype=precision, requires_grad=True)
    optimiser = torch.optim.Adam([unit], lr=learning_rate)
    shortest, best = torch.full_like(weight, torch.inf), torch.zeros_like(x)
    with torch.enable_grad():
        for _ in range(steps):
            inputs = envelope.project((x + scale * unit).to(x.dtype))
            margin = logit_margin(problem.model(inputs), problem.label)
            length = unit.square().sum(dim=1)
            good = (margin > confidence) & (length < shortest)
            with torch.no_grad():
                shortest = torch.where(good, length, shortest)
                best = torch.where(good[:, None], unit, best)
            objective = length + weight * (confidence - margin).clamp(min=0.0)
            unit.grad = usable(gradient_of(objective, unit), problem.lost)
            optimiser.step()
    fooled = torch.isfinite(shortest)
    return fooled, shortest.detach(), torch.where(fooled[:, None], best, unit).detach()
