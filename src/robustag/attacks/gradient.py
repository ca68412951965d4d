"""Attacks that follow the gradient of the loss with respect to the inputs."""

from torch import Tensor

from robustag.attacks.problem import Problem, Spend


def fgsm(problem: Problem) -> Spend:
    """Fast gradient sign method: one step to the corner of the budget that the gradient points at.

    ``x' = x + epsilon scale sign(dL/dx)`` (arXiv:1412.6572; arXiv:2203.13890). One gradient serves all
    epsilons.
    """
    gradient = problem.gradient()

    def spend(epsilon: float) -> Tensor:
        return problem.inputs + problem.budget(epsilon).steepest(gradient)

    return spend
