"""The budget of any scaled table of inputs, from what people have at hand."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from robustag.attacks.arguments import as_labels
from robustag.errors import InputError

if TYPE_CHECKING:
    from robustag.attacks.rule import Budget, BudgetRule
    from robustag.attacks.spread import Spread


def tabular_budget(
    make_rule: "Callable[..., BudgetRule]",
    x: Tensor,
    epsilon: float,
    *,
    scale: Any,
    missing: Any,
    frozen: Any,
    lower: Any,
    upper: Any,
    unit: Any,
    norm: str,
    spread: "Spread | None",
    label: Any,
) -> "Budget":
    """What `Budget.around`, which has the other parameters and the errors, gives by this class of rules."""
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim != 2:
        raise InputError(f"the jets of a budget are {_kind(x)}: give a float tensor [jets, inputs]")
    if 0 in x.shape:
        raise InputError(f"there are no jets in {tuple(x.shape)}: give at least one, with at least one input")
    if not bool(torch.isfinite(x).all()):
        raise InputError("the jets of a budget hold NaN or infinity: clean and scale them first")
    # Of jets that came out of a model, only their values.
    x = x.detach()
    features = x.shape[1]
    absent = _mask(missing, x, "missing", "[jets, inputs] or [inputs]")
    least = _each(lower, x, "lower", -torch.inf)
    most = _each(upper, x, "upper", torch.inf)
    if bool((least > most).any()):
        raise InputError("lower is above upper for an input: give a range")
    step = None if unit is None else _each(unit, x, "unit", 1.0)
    if step is not None and not bool((torch.isfinite(step) & (step > 0)).all()):
        raise InputError("a unit of the counts is not positive: give the scaled size of one count")
    covariance = None if spread is None else _covariance(spread, x)
    rule = make_rule(
        scale=_each(scale, x, "scale", 1.0),
        integer=_frozen(frozen, x),
        centre=x.new_zeros(features),
        norm=norm,
        lower=least,
        upper=most,
        unit=step,
        floor=least,
        # Nobody said which inputs belong together.
        group=x.new_ones(features, 1),
        spread=covariance,
    )
    flavour = None if label is None else as_labels(label, x, None if covariance is None else len(covariance))
    budget = rule.budget(x, absent, _size(epsilon), flavour)
    counts = step is not None and bool((rule.integer & ~absent).any())
    if budget.epsilon > 0 and not counts and not bool(budget.movable.any()):
        raise InputError("the budget freezes every input of every jet: let something move")
    return budget


def _size(epsilon: Any) -> float:
    try:
        size = float(epsilon)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"epsilon is {epsilon!r}: give a number") from error
    if size == torch.inf:
        raise InputError(
            "epsilon is infinite: give a finite size; attacks for the shortest way end before it"
        )
    return size


def _each(value: Any, x: Tensor, name: str, default: float) -> Tensor:
    """A number for each input, [F], from one number or as many."""
    try:
        given = torch.as_tensor(default if value is None else value, dtype=x.dtype, device=x.device)
        one_each = given.detach().expand(x.shape[1])
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{name} is {_kind(value)}: give one number, or {x.shape[1]}, one per input"
        ) from error
    if bool(one_each.isnan().any()):
        raise InputError(f"{name} holds NaN: give a number for every input")
    return one_each


def _mask(value: Any, x: Tensor, name: str, shapes: str) -> Tensor:
    """Bool [N, F]."""
    if value is None:
        return torch.zeros_like(x, dtype=torch.bool)
    try:
        mask = torch.as_tensor(value, device=x.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{name} is {_kind(value)}: give a bool tensor {shapes}") from error
    if mask.dtype != torch.bool or tuple(mask.shape) not in (tuple(x.shape), (x.shape[1],)):
        raise InputError(f"{name} is {_kind(mask)} for jets {tuple(x.shape)}: give a bool tensor {shapes}")
    return mask.expand_as(x)


def _frozen(value: Any, x: Tensor) -> Tensor:
    """Bool [F], from a mask or from the positions of the frozen inputs."""
    features = x.shape[1]
    fault = InputError(
        f"frozen is {_kind(value)} for {features} inputs: give the positions of those that stay, from 0 to "
        f"{features - 1}, or a bool tensor [{features}]; single entries that stay go into missing"
    )
    try:
        given = torch.as_tensor([] if value is None else value, device=x.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise fault from error
    if given.dtype == torch.bool and given.shape == (features,):
        return given
    mask = x.new_zeros(features, dtype=torch.bool)
    if given.numel() == 0:
        return mask
    positions = given.tolist()
    whole = given.ndim == 1 and not given.is_floating_point() and given.dtype != torch.bool
    # A mask of zeros and ones would be read as positions: it repeats itself, positions do not.
    if not whole or len(set(positions)) < len(positions) or not all(0 <= p < features for p in positions):
        raise fault
    mask[positions] = True
    return mask


def _covariance(spread: "Spread", x: Tensor) -> Tensor:
    """Covariance of each class, [C, F, F]."""
    if x.dtype in (torch.float16, torch.bfloat16):
        raise InputError(f"norm 'mahalanobis' cannot be had in {x.dtype}: give the jets as float32")
    covariance = getattr(spread, "covariance", None)
    if covariance is None or covariance.shape[1:] != (x.shape[1], x.shape[1]):
        raise InputError(
            f"spread is no scatter of {x.shape[1]} inputs: give Spread.measure(x, missing, label, classes)"
        )
    return covariance.to(x)


def _kind(value: Any) -> str:
    """What something is, for a message."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    return f"a {type(value).__name__}"
