"""Attacks that take one step along the gradient of the loss with respect to the inputs."""

import torch
from torch import Tensor

from robustag.attacks.problem import Problem, Spend
from robustag.options import Count, Positive


def fgsm(problem: Problem) -> Spend:
    """Fast gradient sign method: one step to the corner of the budget that the gradient points at.

    ``x' = x + epsilon scale sign(dL/dx)`` (arXiv:1412.6572; arXiv:2203.13890). One gradient serves all
    epsilons. In another norm than L-infinity the step is that norm's steepest: with "mahalanobis" it is
    ``x + r C g / sqrt(g C g)``, the gradient seen through the correlations of the inputs.
    """
    gradient = problem.gradient()
    if problem.rule.norm == "linf":
        # Of the gradient only the signs count, which take a quarter of its memory.
        gradient = gradient.sign_().to(torch.int8)

    def spend(epsilon: float) -> Tensor:
        return problem.budget(epsilon).extreme(gradient.to(problem.inputs.dtype))

    return spend


def random_start_fgsm(problem: Problem, *, rate: Positive) -> Spend:
    """A random point of the budget, then one step of `rate` times its size, brought back inside.

    arXiv:2001.03994 ("fast is better than free").

    Parameters
    ----------
    rate : float
        Length of the step, in budgets; 1.25 in the paper.
    """
    draws = problem.uniform()

    def spend(epsilon: float) -> Tensor:
        budget = problem.budget(epsilon)
        start = budget.project(budget.lower + draws * (budget.upper - budget.lower))
        return budget.step(start, problem.gradient(start), rate)

    return spend


def ngm(problem: Problem) -> Spend:
    """Normalised gradient method: a step along the gradient, as long as epsilon in every group of inputs.

    ``x' = x + epsilon scale g / |g|_2`` with the length taken over the jet's own variables and over each
    track's (CMS b-hive; the training of RobustParT, cmssw#41275). Of the gradient only what may move
    counts.
    """
    rule = problem.rule
    scale = rule.scale_of(problem.inputs).masked_fill(rule.integer, 0.0)
    gradient = (problem.gradient() * (scale > 0)).masked_fill(problem.missing, 0.0)
    group = rule.needed("group")
    # In units of the largest entry, for squares of tiny gradients underflow.
    largest = gradient.abs().amax(dim=1, keepdim=True)
    gradient = torch.where(largest > 0, gradient / largest, 0.0)
    length = ((gradient.square() @ group).sqrt() @ group.T).clamp(min=1e-12)
    # In half precision the least length is 0.
    direction = torch.where(length > 0, scale * gradient / length, 0.0)

    def spend(epsilon: float) -> Tensor:
        return problem.budget(epsilon).project(problem.inputs + epsilon * direction)

    return spend


def universal_shift(problem: Problem, *, steps: Count) -> Spend:
    """One move for all jets alike that raises their mean loss: the worst coherent shift.

    Sign-gradient ascent on a common delta (arXiv:1610.08401 with the steps of arXiv:1811.11304), each step
    ``epsilon scale sign(mean gradient) / steps``.

    Parameters
    ----------
    steps : int
        Forward and backward passes.
    """
    scale = problem.rule.scale_of(problem.inputs)

    def spend(epsilon: float) -> Tensor:
        budget = problem.budget(epsilon)
        delta = torch.zeros_like(problem.rule.scale)
        for _ in range(steps):
            x = budget.project(problem.inputs + delta * scale)
            slope = (problem.gradient(x) * budget.movable * scale).sum(dim=0)
            delta = delta + epsilon / steps * slope.sign()
        return budget.project(problem.inputs + delta * scale)

    return spend
