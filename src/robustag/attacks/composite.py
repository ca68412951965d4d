"""Attacks made of other attacks."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from robustag.attacks.problem import Attack, Problem, Spend
from robustag.errors import InputError


def transfer(problem: Problem, *, attack: Attack) -> Spend:
    """An attack crafted on another model and shown to this one (arXiv:1605.07277).

    Parameters
    ----------
    attack : Attack
        In a definition: ``name`` of an attack, and its options.

    Raises
    ------
    InputError
        If the problem has no source model.
    """
    if not problem.sources:
        raise InputError("attack 'transfer' needs a model to craft on: name it as its source")
    return attack(replace(problem, model=problem.sources[0]))


def worst_case(problem: Problem, *, members: Sequence[Attack]) -> Spend:
    """For each jet, whatever raises the objective most among several attacks (an ensemble as AutoAttack,
    arXiv:2003.01690), the unperturbed jet included.

    Each member raises an objective of its own. With objective "margin", the default, every jet is misread
    that any of them misreads.

    Parameters
    ----------
    members : sequence of Attack
        In a definition: ``name`` and options of each; all spend the same budget.
    """
    spends = [member(problem) for member in members]

    def spend(epsilon: float) -> Tensor:
        return problem.worst([problem.inputs, *(spend(epsilon) for spend in spends)])

    return spend
