"""The attacks as plain functions, for any network and any scaled tabular inputs."""

import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from robustag.attacks.arguments import as_labels, as_model, as_seed, outside_inference
from robustag.attacks.catalogue import ATTACKS
from robustag.attacks.definition import AttackDefinition
from robustag.attacks.info import AttackInfo
from robustag.attacks.problem import PerJetLoss, Problem, check_logits, check_losses
from robustag.attacks.registry import build_attack
from robustag.attacks.rule import Budget
from robustag.draws import Draws
from robustag.errors import InputError
from robustag.models import in_mode


def jet_cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """``-ln p`` of the true flavour, one number per jet."""
    return functional.cross_entropy(logits, label, reduction="none")


def attack(
    name: str,
    model: nn.Module | Callable[[Tensor], Tensor],
    x: Tensor,
    label: Tensor,
    budget: Budget,
    *,
    loss: PerJetLoss = jet_cross_entropy,
    source: nn.Module | Callable[[Tensor], Tensor] | None = None,
    seed: int = 0,
    **options: Any,
) -> Tensor:
    """Perturb jets with one attack of the registry, in the budget's own norm.

    A gradient with NaN or infinity in it does not move its jet, and a loss that is NaN wins no comparison; a
    warning says for how many jets there was one. The perturbed inputs are always finite.

    Parameters
    ----------
    name : str
        Entry of `ATTACKS`.
    model : nn.Module or callable
        Returns logits [N, C]; dropout is off while it is attacked, the modes of its parts and its weights
        stay.
    x : Tensor float32 [N, F]
        The jets, those the budget was made around.
    label : Tensor int64 [N]
        True classes, from 0; other kinds of whole numbers are converted.
    budget : Budget
        What may move, and how far (`Budget.around`).
    loss : callable
        (logits, label) to the loss of each jet.
    source : nn.Module or callable, optional
        The model that attack "transfer", alone or in "worst_case", is crafted on.
    seed : int
        Of random attacks, whose numbers follow from it, the jet's row and the input: they are the same on
        every device.
    **options
        Of the attack, as in the table of attacks.

    Raises
    ------
    InputError
        If the attack or an option is unknown, the budget is for other jets or another norm, or the model
        returns no logits.
    """
    return _attack(name, model, x, label, budget, loss=loss, source=source, seed=seed, **options)


@torch.inference_mode(False)
def _attack(
    name: str,
    model: Any,
    x: Any,
    label: Any,
    budget: Any,
    *,
    loss: PerJetLoss = jet_cross_entropy,
    source: Any = None,
    seed: Any = 0,
    **options: Any,
) -> Tensor:
    definition = AttackDefinition.inside({"name": name, **options})
    build = build_attack(definition)
    if source is not None and not definition.needs_source:
        raise InputError(f"attack '{name}' is made on the model itself: leave out source, or use 'transfer'")
    x = _jets_of(budget, x, definition.info)
    label = as_labels(label, x)
    sources = () if source is None else (as_model(source, "source"),)
    model = as_model(model)
    draws = Draws.of_rows(as_seed(seed), x)
    missing = outside_inference(budget.missing)
    problem = Problem(model, loss, x, missing, label, budget.rule, draws, sources)
    with ExitStack() as stack:
        for each in (model, *sources):
            stack.enter_context(in_mode(each, training=False))
            check_losses(loss(_logits(each, x, label), label), label)
        perturbed = build(problem)(budget.epsilon)
    if lost := int(problem.lost.sum()):
        warnings.warn(
            f"attack '{name}' met NaN or infinity in the gradient or loss of {lost} of {len(x)} "
            "jets, which moves nothing: the model may be less robust than they make it look",
            stacklevel=4,
        )
    return perturbed


def _jets_of(budget: Any, x: Any, info: AttackInfo) -> Tensor:
    """The jets [N, F], if the budget is one for them and for the attack."""
    if not isinstance(budget, Budget):
        raise InputError(f"the budget is a {type(budget).__name__}: make it with Budget.around(x, epsilon)")
    origin = budget.origin
    alike = isinstance(x, Tensor) and (x.shape, x.dtype, x.device) == (
        origin.shape,
        origin.dtype,
        origin.device,
    )
    if not alike or not bool((x == origin).all()):
        raise InputError("the budget was made around other jets (or NaN): make it with Budget.around(x, ...)")
    if info.norm == "mahalanobis" and budget.rule.norm != "mahalanobis":
        raise InputError(
            f"attack '{info.name}' needs a budget of its norm: make it with Budget.around(x, epsilon, "
            "norm='mahalanobis', spread=Spread.measure(x, missing, label, classes), label=label)"
        )
    return outside_inference(origin)


@torch.no_grad()
def _logits(model: nn.Module, x: Tensor, label: Tensor) -> Tensor:
    """Checked logits [N, C] of the unperturbed jets."""
    try:
        logits = model(x)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        kind = f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape)} on {x.device}"
        raise InputError(f"the model fails for jets {kind}: {error}".splitlines()[0]) from error
    check_logits(logits, label)
    return logits


def _function(name: str) -> Callable[..., Tensor]:
    def perturb(
        model: nn.Module | Callable[[Tensor], Tensor],
        x: Tensor,
        label: Tensor,
        budget: Budget,
        **options: Any,
    ) -> Tensor:
        return _attack(name, model, x, label, budget, **options)

    perturb.__name__ = perturb.__qualname__ = name
    perturb.__doc__ = f'{ATTACKS[name].summary}\n\n    `attack` with name "{name}".'
    return perturb


#: Every attack of the registry as ``(model, x, label, budget, **options) -> x'``.
FUNCTIONS: dict[str, Callable[..., Tensor]] = {name: _function(name) for name in ATTACKS}


def __getattr__(name: str) -> Callable[..., Tensor]:
    """The attacks as functions of this module."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
