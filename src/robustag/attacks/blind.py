"""Perturbations that know nothing of the model."""

from typing import Literal

from torch import Tensor

from robustag.attacks.problem import Problem, Spend
from robustag.registry import choose

_DIRECTIONS = {"up": 1.0, "down": -1.0}


def noise(problem: Problem) -> Spend:
    """Independent Gaussian noise on every jet and input, of standard deviation epsilon x scale.

    ``x' = x + epsilon scale n, n ~ N(0, 1)`` (arXiv:2203.13890). A Gaussian has no largest value, so
    epsilon sets its width and not a bound: it spends the envelope, in which counts and missing entries stay
    and the relative cap holds. All epsilons scale the same draws.
    """
    draws = problem.rule.scale_of(problem.inputs) * problem.normal()

    def spend(epsilon: float) -> Tensor:
        return problem.budget(epsilon).project(problem.inputs + epsilon * draws)

    return spend


def uniform(problem: Problem) -> Spend:
    """A uniformly random point of every interval: the mean over the budget, where attacks are its maximum.

    With scale 1, ``x' = x + u, u ~ U(-epsilon, epsilon)``. All epsilons scale the same draws.
    """
    draws = problem.uniform()

    def spend(epsilon: float) -> Tensor:
        budget = problem.budget(epsilon)
        return budget.project(budget.lower + draws * (budget.upper - budget.lower))

    return spend


def shift(problem: Problem, *, direction: Literal["up", "down"]) -> Spend:
    """Every input of every jet to the same end of its interval: a crude systematic shift.

    ``x' = x +- epsilon scale``; with a shift factor as the feature scale this is the "systematic
    up/down" of arXiv:2203.13890.

    Parameters
    ----------
    direction : str
        "up" or "down".

    Raises
    ------
    InputError
        If `direction` is neither "up" nor "down".
    """
    sign = choose(_DIRECTIONS, direction, "direction of attack 'shift'")
    towards = problem.inputs.new_full((1, 1), sign)

    def spend(epsilon: float) -> Tensor:
        return problem.budget(epsilon).extreme(towards)

    return spend
