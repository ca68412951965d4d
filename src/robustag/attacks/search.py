"""Attacks that only ask the model for its outputs."""

import torch
from torch import Tensor

from robustag.attacks.problem import Problem, Spend
from robustag.options import Count, Share


def random_search(problem: Problem, *, queries: Count, share: Share) -> Spend:
    """Random search over the corners of the budget, without any gradient (after arXiv:1912.00049).

    Each query sends a random set of a jet's inputs to random ends of their intervals, and the jet keeps the
    change if it raises the objective. The set shrinks from `share` of all inputs to a single one, as the
    squares of the Square Attack shrink; tabular inputs have no neighbours, so the set is random. That a model
    is weaker here than under gradients shows that its gradients are of use; the opposite is masking.

    Parameters
    ----------
    queries : int
        Forward passes for each epsilon, the one at the jet itself among them.
    share : float
        Of the inputs that the first proposal changes.
    """
    features = problem.inputs.shape[1]

    def spend(epsilon: float) -> Tensor:
        budget = problem.budget(epsilon)
        best, value = budget.origin, problem.score(budget.origin)
        for query in range(1, queries):
            part = share * (1 / (share * features)) ** (query / queries)
            draws = problem.uniform()
            # One number decides both: below part / 2 to the lower end, below part to the upper one.
            proposal = best
            for end, within in ((budget.upper, part), (budget.lower, part / 2)):
                # A weight of 0 or 1 chooses exactly, and ten times as fast as a random mask of bool on a CPU.
                proposal = torch.lerp(proposal, end, torch.lt(draws, within, out=torch.empty_like(draws)))
            proposal = budget.project(proposal)
            new = problem.score(proposal)
            better = new > value
            best = torch.where(better[:, None], proposal, best)
            value = torch.where(better, new, value)
        return best

    return spend
