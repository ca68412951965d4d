"""Perturbations that do not look at the model."""

import math

import torch
from torch import Tensor

from robustag.attacks.problem import Problem, Spend
from robustag.models import choose

_DIRECTIONS = {"up": 1.0, "down": -1.0}


def noise(problem: Problem) -> Spend:
    """Independent Gaussian noise on every jet and input, of standard deviation epsilon x scale.

    ``x' = x + epsilon scale n, n ~ N(0, 1)`` (arXiv:2203.13890). A Gaussian has no largest value, so
    epsilon sets its width and not a bound: it spends the envelope, in which counts and missing entries stay
    and the relative cap holds. All epsilons scale the same draws.
    """
    x = problem.inputs
    draws = problem.rule.scale * torch.randn(
        x.shape, generator=problem.generator, device=x.device, dtype=x.dtype
    )

    def spend(epsilon: float) -> Tensor:
        envelope = problem.budget(math.inf)
        return envelope.project(x + epsilon * draws)

    return spend


def shift(problem: Problem, *, direction: str) -> Spend:
    """Every input of every jet to the same end of its interval: a crude systematic shift.

    ``x' = x +- epsilon scale``; with a shift factor as the feature scale this is the "systematic
    up/down" of arXiv:2203.13890.

    Raises
    ------
    InputError
        If `direction` is neither "up" nor "down".
    """
    sign = choose(_DIRECTIONS, direction, "direction of attack 'shift'")
    towards = problem.inputs.new_full((1, 1), sign)

    def spend(epsilon: float) -> Tensor:
        return problem.inputs + problem.budget(epsilon).steepest(towards)

    return spend
