"""Attacks that follow the gradient for many steps and stay inside the budget."""

import torch
from torch import Tensor

from robustag.attacks.problem import Problem, Spend, best_of
from robustag.attacks.rule import Budget
from robustag.options import Count, NotNegative, Positive, Whole


def pgd(problem: Problem, *, steps: Count, rate: Positive, restarts: Whole) -> Spend:
    """Projected gradient descent: steps of the steepest move, each brought back inside the budget.

    ``x <- project(x + rate / steps steepest(dL/dx))`` (arXiv:1706.06083). The first run starts at the jet
    itself; each of the `restarts` starts at a random point of the budget. A jet keeps its worst end, or stays
    where all of them are better for it than none.

    Parameters
    ----------
    steps : int
        Forward and backward passes of a run.
    rate : float
        Way that all steps together may go, in budgets; 2.5 is customary, 1 just reaches the edge.
    restarts : int
        Runs beyond the first.
    """

    def spend(epsilon: float) -> Tensor:
        return _worst_run(problem, problem.budget(epsilon), steps, rate, restarts, momentum=0.0)

    return spend


def momentum_pgd(
    problem: Problem, *, steps: Count, rate: Positive, restarts: Whole, momentum: NotNegative
) -> Spend:
    """PGD along a running sum of gradients, each divided by its L1 length (MI-FGSM, arXiv:1710.06081).

    ``m <- momentum m + g / |g|_1``; momentum 1 is the paper's. It passes small bumps of the loss and makes
    moves that transfer better to other models.

    Parameters
    ----------
    steps, rate, restarts
        As for `pgd`.
    momentum : float
        Share of the past direction that is kept.
    """

    def spend(epsilon: float) -> Tensor:
        return _worst_run(problem, problem.budget(epsilon), steps, rate, restarts, momentum)

    return spend


def apgd(problem: Problem, *, steps: Count) -> Spend:
    """Auto-PGD: momentum, a step that halves where it stops paying, and a return to the best point so far.

    arXiv:2003.01690, algorithm 1, with its constants (momentum 0.75, rho 0.75, checkpoints at 22 % of the
    steps and then at intervals that shrink by 3 % to no less than 6 %), for each jet on its own.

    Parameters
    ----------
    steps : int
        Forward and backward passes.
    """
    marks = set(checkpoints(steps))

    def spend(epsilon: float) -> Tensor:
        budget = problem.budget(epsilon)
        x = previous = best = budget.origin
        step = x.new_full((len(x), 1), 2.0)
        value, gradient = problem.score_and_gradient(x)
        best_value, best_gradient = value, gradient
        rises = torch.zeros_like(value)
        mark, mark_step, mark_best = 0, step, best_value
        for k in range(1, steps):
            # The first step has no past to follow.
            share = 0.75 if k > 1 else 1.0
            target = budget.project(torch.addcmul(x, step, budget.steepest(gradient)))
            ahead = budget.project(x + share * (target - x) + (1 - share) * (x - previous))
            previous, x, before = x, ahead, value
            value, gradient = problem.score_and_gradient(x)
            rises += value > before
            better = value > best_value
            best = torch.where(better[:, None], x, best)
            best_gradient = torch.where(better[:, None], gradient, best_gradient)
            best_value = torch.where(better, value, best_value)
            if k in marks:
                idle = (mark_step == step)[:, 0] & (mark_best == best_value)
                halve = ((rises < 0.75 * (k - mark)) | idle)[:, None]
                mark, mark_step, mark_best = k, step, best_value
                rises = torch.zeros_like(value)
                step = torch.where(halve, step / 2, step)
                x = torch.where(halve, best, x)
                previous = torch.where(halve, best, previous)
                gradient = torch.where(halve, best_gradient, gradient)
                value = torch.where(halve[:, 0], best_value, value)
        return best

    return spend


def checkpoints(steps: int) -> list[int]:
    """Steps at which APGD asks whether its step still pays: 22 % of all, then in shrinking intervals."""
    period, shrink, least = round(0.22 * steps), round(0.03 * steps), max(1, round(0.06 * steps))
    marks, at = [], max(1, period)
    while at < steps:
        marks.append(at)
        period = max(period - shrink, least)
        at += period
    return marks


def random_point(problem: Problem, budget: Budget) -> Tensor:
    """A point of the budget, uniform in the intervals and brought inside."""
    return budget.project(budget.lower + problem.uniform() * (budget.upper - budget.lower))


def _worst_run(
    problem: Problem, budget: Budget, steps: int, rate: float, restarts: int, momentum: float
) -> Tensor:
    value, first = problem.score_and_gradient(budget.origin)
    ends = [ascend(problem, budget, budget.origin, steps, rate, momentum, first)]
    for _ in range(restarts):
        ends.append(ascend(problem, budget, random_point(problem, budget), steps, rate, momentum))
    return best_of([budget.origin, *ends], [value, *(problem.score(end) for end in ends)])


def ascend(
    problem: Problem,
    budget: Budget,
    x: Tensor,
    steps: int,
    rate: float,
    momentum: float = 0.0,
    first: Tensor | None = None,
) -> Tensor:
    """From `x` [N, F] of the budget in so many steepest steps, `rate` budgets long together, uphill.

    The `first` gradient [N, F] is given by who has it.
    """
    past = None
    for _ in range(steps):
        gradient = problem.gradient(x) if first is None else first
        first = None
        if momentum > 0:
            length = gradient.abs().sum(dim=1, keepdim=True)
            gradient = torch.where(length > 0, gradient / length, 0.0)
            past = gradient if past is None else momentum * past + gradient
            gradient = past
        x = budget.step(x, gradient, rate / steps)
    return x
