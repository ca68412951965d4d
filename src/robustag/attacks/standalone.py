"""The attacks as plain functions, for any network and any scaled tabular inputs."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from robustag.attacks.budget import Budget
from robustag.attacks.problem import PerJetLoss, Problem, check_logits
from robustag.attacks.registry import ATTACKS, build_attack
from robustag.errors import InputError


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """``-ln p`` of the true flavour, one number a jet."""
    return functional.cross_entropy(logits, label, reduction="none")


def attack(
    name: str,
    model: nn.Module,
    x: Tensor,
    label: Tensor,
    budget: Budget,
    *,
    loss: PerJetLoss = cross_entropy,
    seed: int = 0,
    **options: Any,
) -> Tensor:
    """Perturb jets with one attack of the registry, in the budget's own norm.

    Parameters
    ----------
    name : str
        Entry of `ATTACKS`.
    model : nn.Module
        Returns logits [N, C]; dropout is off while it is attacked, its mode and its weights stay.
    x : Tensor float32 [N, F]
        The jets, those the budget was made around.
    label : Tensor int64 [N]
        True classes.
    budget : Budget
        What may move, and how far (`Budget.around`).
    loss : callable
        (logits, label) to the loss of each jet.
    seed : int
        Of random attacks.
    **options
        Of the attack, as in the table of attacks.

    Raises
    ------
    InputError
        If the attack or an option is unknown, the budget is for other jets, or the model returns no logits.
    """
    if x.shape != budget.origin.shape or not bool((x == budget.origin).all()):
        raise InputError("the budget was made around other jets (or NaN): make it with Budget.around(x, ...)")
    _, build = build_attack({"name": name, **options})
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            check_logits(model(x), label)
        generator = torch.Generator(x.device).manual_seed(seed)
        problem = Problem(model, loss, x, budget.missing, label, budget.rule, generator)
        return build(problem)(budget.epsilon)
    finally:
        model.train(training)


def _function(name: str) -> Callable[..., Tensor]:
    def perturb(model: nn.Module, x: Tensor, label: Tensor, budget: Budget, **options: Any) -> Tensor:
        return attack(name, model, x, label, budget, **options)

    perturb.__name__ = perturb.__qualname__ = name
    perturb.__doc__ = f'{ATTACKS[name].summary}\n\n    `attack` with name "{name}".'
    return perturb


#: Every attack of the registry as ``(model, x, label, budget, **options) -> x'``.
FUNCTIONS: dict[str, Callable[..., Tensor]] = {name: _function(name) for name in ATTACKS}
