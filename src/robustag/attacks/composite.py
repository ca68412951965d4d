"""Attacks made of other attacks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from torch import Tensor

from robustag.attacks.iterated import objective_of
from robustag.attacks.problem import Attack, Problem, Spend, best_of
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


def worst_case(
    problem: Problem, *, members: Sequence[Attack], objective: Literal["loss", "margin"] = "margin"
) -> Spend:
    """For each jet, whatever raises the objective most among several attacks (an ensemble as AutoAttack,
    arXiv:2003.01690), the unperturbed jet included.

    Parameters
    ----------
    members : sequence of Attack
        In a definition: ``name`` and options of each; all spend the same budget.
    objective : str
        "margin", the default, misreads every jet that any of them misreads; or "loss" (see
        `robustag.attacks.iterated.apgd`).
    """
    measure = objective_of(problem, objective)
    spends = [member(problem) for member in members]

    def spend(epsilon: float) -> Tensor:
        candidates = [problem.inputs, *(spend(epsilon) for spend in spends)]
        return best_of(candidates, [problem.score(x, measure) for x in candidates])

    return spend
