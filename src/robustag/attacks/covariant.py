"""Attacks that move inputs together as they scatter together: epsilon bounds the Mahalanobis distance."""

from robustag.attacks.gradient import fgsm
from robustag.attacks.iterated import pgd
from robustag.attacks.problem import Problem, Spend
from robustag.options import Count, Positive, Whole


def mahalanobis_gradient(problem: Problem) -> Spend:
    """One step ``x + r C g / sqrt(g C g)``: the gradient seen through the covariance C of the jet's flavour.

    The radius is ``r = epsilon sqrt(d)`` for d inputs that may move, so that epsilon is the root mean square
    move along the axes of C in units of the scatter there (the steepest ascent in that metric).
    """
    return fgsm(problem)


def mahalanobis_pgd(problem: Problem, *, steps: Count, rate: Positive, restarts: Whole) -> Spend:
    """PGD whose steps and whose bound are Mahalanobis distances.

    Parameters
    ----------
    steps, rate, restarts
        As for `robustag.attacks.iterated.pgd`.
    """
    return pgd(problem, steps=steps, rate=rate, restarts=restarts)
