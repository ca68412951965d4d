"""Attacks that move counts, by whole units."""

import torch
from torch import Tensor

from robustag.attacks.problem import Problem, Spend
from robustag.attacks.rule import Budget
from robustag.options import Count, NotNegative, Positive


def pip(problem: Problem, *, steps: Count, exponent: NotNegative) -> Spend:
    """Probabilistic integer perturbation: each count moves by one, the likelier the steeper its gradient.

    In every step a count goes one up or down, along the sign of its gradient g, with probability
    ``(|g| / max|g|)^exponent``, the maximum over the counts of the same jet (the integer attack on DeepJet
    that study.md 10.1 describes). A count has no small move, so epsilon only switches the attack on.

    Parameters
    ----------
    steps : int
        Forward and backward passes; no count moves by more than this many units.
    exponent : float
        0 moves every count that has a gradient.
    """
    counts = problem.rule.counts(problem.inputs, problem.missing, steps)
    x = problem.inputs
    for _ in range(steps):
        x = move_counts(problem, counts, x, problem.gradient(x), exponent)

    def spend(epsilon: float) -> Tensor:
        return x if epsilon > 0 else problem.inputs

    return spend


def pip_pgd(
    problem: Problem, *, steps: Count, rate: Positive, count_steps: Count, exponent: NotNegative
) -> Spend:
    """PGD on the continuous inputs and PIP on the counts, in the same steps; a jet for which both do no harm
    stays.

    Parameters
    ----------
    steps, rate
        As for `robustag.attacks.iterated.pgd`.
    count_steps : int
        So many of the first steps move counts as well.
    exponent : float
        As for `pip`.
    """
    counts = problem.rule.counts(problem.inputs, problem.missing, count_steps)

    def spend(epsilon: float) -> Tensor:
        if epsilon == 0:
            return problem.inputs
        budget = problem.budget(epsilon)
        x = problem.inputs
        for step in range(steps):
            gradient = problem.gradient(x)
            moved = budget.step(x, gradient, rate / steps)
            if step < count_steps:
                x = move_counts(problem, counts, x, gradient, exponent)
            x = torch.where(counts.movable, x, moved)
        return problem.worst([problem.inputs, x])

    return spend


def move_counts(problem: Problem, counts: Budget, x: Tensor, gradient: Tensor, exponent: float) -> Tensor:
    """One step of PIP from `x` [N, F] along `gradient` [N, F], inside the budget of the counts."""
    gradient = gradient * counts.movable
    largest = gradient.abs().amax(dim=1, keepdim=True)
    likely = torch.where(largest > 0, gradient.abs() / largest, 0.0) ** exponent
    step = torch.where(problem.uniform() < likely, gradient.sign() * problem.rule.needed("unit"), 0.0)
    return torch.where(counts.movable, torch.clamp(x + step, counts.lower, counts.upper), x)
