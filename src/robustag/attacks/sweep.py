"""One attack at many epsilons, for the price of one."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from robustag.attacks.budget import BudgetRule
from robustag.attacks.problem import PerJetLoss, Problem
from robustag.attacks.registry import ATTACKS
from robustag.errors import InputError
from robustag.models import choose, with_options

#: Keys of an attack's definition that are no options of its function: they made the rule and the loss.
_ELSEWHERE = ("name", "factors", "loss")


def sweep(
    definition: dict,
    model: nn.Module,
    loss: PerJetLoss,
    inputs: Tensor,
    missing: Tensor,
    label: Tensor,
    rule: BudgetRule,
    epsilons: Sequence[float],
    *,
    seed: int,
    chunk: int = 2048,
) -> Iterator[tuple[float, Tensor]]:
    """Perturb all jets at each epsilon in turn; gradient, noise or shift is computed once.

    Parameters
    ----------
    definition : dict
        ``name`` of an entry of `ATTACKS`, and its options. ``factors`` and ``loss`` are for whoever
        makes `rule` and `loss`.
    model : nn.Module
        Returns logits; in evaluation mode, or its dropout disturbs the gradient.
    loss : PerJetLoss
        What a white-box attack raises.
    inputs, missing, label : Tensor float32 [N, F], bool [N, F], int64 [N]
        The jets, on the device of model and rule.
    rule : BudgetRule
        What may move.
    epsilons : sequence of float
        Scaled units, >= 0.
    seed : int
        Of random attacks; the same seed gives the same pattern for every model.
    chunk : int
        Jets at a time, so that activations stay in the cache of a CPU. A multiple of 16, for then the
        random pattern does not depend on it.

    Yields
    ------
    epsilon : float
    perturbed : Tensor float32 [N, F]
        Inside the budget; the inputs themselves at epsilon = 0.

    Raises
    ------
    InputError
        If the attack or an option is unknown, an epsilon negative, a shape wrong or an input not finite.
    """
    info = choose(ATTACKS, definition.get("name", ""), "attack")
    options = {key: value for key, value in definition.items() if key not in _ELSEWHERE}
    attack = with_options(info.function, options, "attack", "problem")
    _check(inputs, missing, label, rule, epsilons)
    generator = torch.Generator(inputs.device).manual_seed(seed)
    spends = [
        attack(Problem(model, loss, *batch, rule, generator))
        for batch in zip(inputs.split(chunk), missing.split(chunk), label.split(chunk), strict=True)
    ]
    for epsilon in epsilons:
        yield epsilon, torch.cat([spend(epsilon) for spend in spends])


def _check(
    inputs: Tensor, missing: Tensor, label: Tensor, rule: BudgetRule, epsilons: Sequence[float]
) -> None:
    """Refuse what would give wrong numbers silently."""
    if any(not epsilon >= 0 for epsilon in epsilons):
        raise InputError(f"epsilons {list(epsilons)} hold a negative one: give sizes, 0 or larger")
    if inputs.shape != missing.shape or len(inputs) != len(label) or inputs.shape[1] != len(rule.scale):
        raise InputError(
            f"inputs {tuple(inputs.shape)}, missing {tuple(missing.shape)}, label {tuple(label.shape)} and a "
            f"budget of {len(rule.scale)} features do not fit: take all from one data set"
        )
    if not bool(torch.isfinite(inputs).all()):
        raise InputError("the inputs to attack hold NaN or infinity: clean and scale them first")
