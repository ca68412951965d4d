"""Attacks on a whole sample that leave its distributions as they were."""

import torch
from torch import Tensor

from robustag.attacks.problem import Problem, Spend
from robustag.options import Count, Positive


def rdsa(problem: Problem, *, attempts: Count, features: Count) -> Spend:
    """Random distribution shuffle attack: values of other jets (arXiv:2501.05588).

    Each attempt replaces a few randomly chosen inputs of a jet by those of random other jets, input by
    input; the jet keeps the attempt that brings it closest to being misread. Correlations break, marginals
    stay but for the selection. A missing entry neither gives nor takes. With norm "none", as published,
    epsilon only switches the attack on; with "linf" the new value is cut to the interval.

    Parameters
    ----------
    attempts : int
        Forward passes beyond the first.
    features : int
        Inputs replaced in an attempt.
    """
    x, (jets, size) = problem.inputs, problem.inputs.shape
    # Donors are counted in the order of their keys: a jet has the same ones however the sample is ordered.
    row = problem.draws.key.argsort(stable=True)

    def spend(epsilon: float) -> Tensor:
        budget = problem.budget(epsilon)
        best, value = x, problem.score(x)
        column = torch.arange(size, device=x.device)
        for _ in range(attempts):
            donor = row[(problem.uniform() * jets).long().clamp(max=jets - 1)]
            chosen = problem.uniform() < features / size
            chosen &= ~problem.missing[donor, column]
            proposal = budget.project(torch.where(chosen, x[donor, column], x))
            new = problem.score(proposal)
            better = new > value
            best = torch.where(better[:, None], proposal, best)
            value = torch.where(better, new, value)
        return best

    return spend


def conserving_pgd(problem: Problem, *, steps: Count, rate: Positive) -> Spend:
    """PGD whose moves show neither in the marginals nor in the linear correlations of the sample.

    After the idea of arXiv:2603.13970. From each step's moves, column by column, everything is taken that the
    inputs of the sample could predict (a linear regression with an offset): means, variances and
    covariances then stay to first order. At the end the values of each input are put back to those of the
    unperturbed sample in the order of the moved ones, which restores its marginal, and cut to the budget.

    Parameters
    ----------
    steps, rate
        As for `robustag.attacks.iterated.pgd`.
    """
    exists = ~problem.missing
    count = exists.sum(dim=0).clamp(min=1)
    centred = (problem.inputs - (problem.inputs * exists).sum(dim=0) / count) * exists
    ones = centred.new_ones(len(centred), 1)
    basis, _ = torch.linalg.qr(torch.cat([ones, centred], dim=1).double())
    basis = basis.to(centred.dtype)

    def spend(epsilon: float) -> Tensor:
        budget = problem.budget(epsilon)
        x = budget.origin
        for _ in range(steps):
            move = x + rate / steps * budget.steepest(problem.gradient(x)) - budget.origin
            x = budget.project(budget.origin + move - basis @ (basis.T @ move))
        return budget.project(Marginals(budget.origin, budget.movable).restored(x))

    return spend


class Marginals:
    """What some jets have in each input that may move, to be given back to them when they have moved.

    Parameters
    ----------
    origin : Tensor [N, F]
        The unperturbed jets.
    movable : Tensor bool [N, F]
        Entries that may move.
    """

    def __init__(self, origin: Tensor, movable: Tensor) -> None:
        self._origin, self._movable = origin, movable
        self._values = self._by_input(origin).sort(dim=1).values

    def restored(self, x: Tensor) -> Tensor:
        """The movable values of each column of the origin, in the order of those of `x` [N, F]."""
        order = self._by_input(x).argsort(dim=1, stable=True)
        matched = torch.empty_like(self._values).scatter_(1, order, self._values)
        return torch.where(self._movable, matched.T, self._origin)

    def _by_input(self, x: Tensor) -> Tensor:
        """Values [F, N], those that stay behind all others."""
        return x.T.masked_fill(self._movable.T.logical_not(), torch.inf)
