"""Any attack under caps on what a comparison of data with simulation sees."""

import math

import torch
from torch import Tensor

from robustag.attacks.problem import Attack, Problem, Spend
from robustag.attacks.sample import Marginals
from robustag.options import Count
from robustag.visibility.comparison import Comparison, seen_by_input, seen_by_pair

_ATTEMPTS = 12
_STEEPEST = 4.0
"""Power of a move with which the square of a correlation's change grows, if that is of second order."""
_SHORTER = 0.98
"""A little shorter than needed, so that few attempts do."""


def undetected(problem: Problem, *, attack: Attack, data_jets: Count) -> Spend:
    """An attack whose moves shrink until so many jets of data do not show them (after arXiv:2603.13970).

    Neither the distribution of a single input nor the linear correlation of two may differ by what as many
    jets of data and of simulation resolve at three sigma, flavours unknown (`robustag.visibility`): the
    paper's caps on Jensen-Shannon divergences and correlations, as a number of jets. The values of each
    input are put back to those of the unperturbed sample, in the order of the moved ones. Where the budget
    cuts them and the input shows, its moves are halved, which brings all inside; then all moves together
    shrink until no correlation shows. Entries whose value another jet shares stay, since any move off it is
    plain, and so do counts.

    Parameters
    ----------
    attack : Attack
        In a definition: ``name`` of an attack, and its options; it has the same budget.
    data_jets : int
        Of data, and as many of simulation, that see nothing.
    """
    inner = attack(problem)
    x, missing = problem.inputs, problem.missing
    alone = ~(missing | _shared(x))
    comparison = Comparison(x, missing)
    before, variance = comparison.sums(x, missing), comparison.variances(x, missing)
    inputs = x.shape[1]
    pairs = inputs * (inputs - 1) // 2

    def spend(epsilon: float) -> Tensor:
        budget = problem.budget(epsilon)
        movable = budget.movable & alone
        move = torch.where(movable, inner(epsilon) - x, 0.0)
        marginals = Marginals(x, movable)
        scale, factor, before_that, power = x.new_ones(inputs), 1.0, 0.0, _STEEPEST
        for _ in range(_ATTEMPTS):
            moved = budget.project(marginals.restored(x + scale * move))
            after = comparison.sums(moved, missing)
            # In units of what may be seen.
            of_inputs = seen_by_input(before, after, inputs)[0] * data_jets
            of_pairs = float(seen_by_pair(before, after, variance, pairs).max()) * data_jets
            if of_pairs <= 1 and not bool((of_inputs > 1).any()):
                return moved
            # At half its length no value is cut, and the distribution is that of the sample.
            scale = torch.where((of_inputs > 1) & (scale > 0.5), 0.5, scale)
            if of_pairs > 1:
                # A power law through the last two lengths; the steepest one shortens least.
                if before_that > of_pairs:
                    power = math.log(before_that / of_pairs) / -math.log(factor)
                factor, before_that = _SHORTER * of_pairs ** (-1 / min(power, _STEEPEST)), of_pairs
                scale = scale * factor
        return x

    return spend


def _shared(x: Tensor) -> Tensor:
    """Entries bool [N, F] whose value is that of another jet, too."""
    ordered, order = x.sort(dim=0)
    same = ordered[1:] == ordered[:-1]
    edge = same.new_zeros(1, x.shape[1])
    either = torch.cat([edge, same]) | torch.cat([same, edge])
    return torch.zeros_like(either).scatter(0, order, either)
