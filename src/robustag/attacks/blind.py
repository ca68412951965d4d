"""Perturbations that do not look at the model."""

import math

import torch
from torch import Tensor

from robustag.attacks.problem import Problem, Spend
from robustag.errors import InputError


def gaussian_noise(problem: Problem) -> Spend:
    """Independent Gaussian noise on every jet and input, of standard deviation epsilon x scale.

    ``x' = x + epsilon scale n, n ~ N(0, 1)`` (arXiv:2203.13890). A Gaussian has no largest value, so
    epsilon sets its width and not a bound: it spends the envelope, in which counts and missing entries stay
    and the relative cap holds. All epsilons scale the same draws.
    """
    x = problem.inputs
    noise = problem.rule.scale * torch.randn(
        x.shape, generator=problem.generator, device=x.device, dtype=x.dtype
    )
    envelope = problem.budget(math.inf)

    def spend(epsilon: float) -> Tensor:
        return envelope.project(x + epsilon * noise)

    return spend


def coherent_shift(problem: Problem, *, direction: int) -> Spend:
    """Every input of every jet to the same end of its interval: a crude systematic shift.

    ``x' = x + direction epsilon scale``; with a shift factor as the feature scale this is the "systematic
    up/down" of arXiv:2203.13890.

    Raises
    ------
    InputError
        If `direction` is neither +1 nor -1.
    """
    if direction not in (1, -1):
        raise InputError(f"attack 'coherent_shift' has direction {direction}: give 1 (up) or -1 (down)")
    towards = torch.full_like(problem.inputs, direction)

    def spend(epsilon: float) -> Tensor:
        return problem.inputs + problem.budget(epsilon).steepest(towards)

    return spend
