"""Attacks made of other attacks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from robustag.attacks.problem import Problem, Spend, best_of
from robustag.errors import InputError


def transfer(problem: Problem, *, attack: dict) -> Spend:
    """An attack crafted on another model and shown to this one (arXiv:1605.07277).

    Parameters
    ----------
    attack : dict
        ``name`` of an entry of the registry, and its options.

    Raises
    ------
    InputError
        If the problem has no source model.
    """
    if not problem.sources:
        raise InputError("attack 'transfer' needs a model to craft on: name it as its source")
    return _build(attack)(replace(problem, model=problem.sources[0]))


def worst_case(problem: Problem, *, members: Sequence[dict]) -> Spend:
    """For each jet, whatever raises its loss most among several attacks (an ensemble as AutoAttack,
    arXiv:2003.01690), the unperturbed jet included.

    Parameters
    ----------
    members : sequence of dict
        ``name`` and options of each attack; all spend the same budget.

    Raises
    ------
    InputError
        If there are none.
    """
    if isinstance(members, str | Mapping) or not isinstance(members, Sequence) or not members:
        raise InputError(f"attack 'worst_case' has members {members!r}: give a list of attacks")
    spends = [_build(member)(problem) for member in members]

    def spend(epsilon: float) -> Tensor:
        candidates = [problem.inputs, *(spend(epsilon) for spend in spends)]
        return best_of(candidates, [problem.score(x) for x in candidates])

    return spend


def _build(definition: dict) -> Callable[[Problem], Spend]:
    # The registry lists the attacks of this module, so it can only be asked once both are there.
    from robustag.attacks.registry import build_attack

    return build_attack(definition)[1]
