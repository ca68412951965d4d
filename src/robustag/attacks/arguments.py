"""What people give to an attack, as it needs it: plain conversions, and one line for everything else."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from robustag.errors import InputError


class _Wrapped(nn.Module):
    """A plain function as a model."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def as_model(model: Any, role: str = "model") -> nn.Module:
    """A module, or a function of inputs float [N, F] to logits [N, C], as a module.

    Raises
    ------
    InputError
        If it is neither, or was made where no gradient can pass.
    """
    if not callable(model) or isinstance(model, type):
        raise InputError(f"the {role} is {model!r}: give a torch module, or a function of inputs to logits")
    module = model if isinstance(model, nn.Module) else _Wrapped(model)
    if any(tensor.is_inference() for tensor in [*module.parameters(), *module.buffers()]):
        raise InputError(f"the {role} was made inside torch.inference_mode(): make or load it outside")
    return module


def as_labels(label: Any, x: Tensor, classes: int | None = None) -> Tensor:
    """Class numbers int64 [N] on the device of the jets `x` [N, F].

    Any kind of whole numbers will do, floats that are whole included, also as one column [N, 1].

    Raises
    ------
    InputError
        If they are none, are not as many as the jets, or one is negative or beyond the `classes`.
    """
    fault = "give one class number 0, 1, ... per jet"
    try:
        given = torch.as_tensor(label, device=x.device).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"the labels are a {type(label).__name__}: {fault}") from error
    shape = tuple(given.shape)
    if shape not in ((len(x),), (len(x), 1)):
        raise InputError(f"the labels are {shape} for jets {tuple(x.shape)}: {fault}")
    given = given.reshape(len(x))
    if given.is_complex() or (given.is_floating_point() and not bool((given == given.round()).all())):
        raise InputError(f"the labels hold fractions or NaN: {fault}")
    # A copy made inside inference mode could not be kept for a backward pass.
    whole = given.to(torch.int64, copy=True)
    least, most = int(whole.min()), int(whole.max())
    if least < 0 or (classes is not None and most >= classes):
        beyond = "" if classes is None else f" below {classes}"
        raise InputError(
            f"the labels go from {least} to {most}: {fault}{beyond}, and leave out jets without one"
        )
    return whole


def as_seed(seed: Any) -> int:
    """A seed of torch, from any kind of whole number.

    Raises
    ------
    InputError
        If it is no whole number of 64 bits.
    """
    try:
        whole = operator.index(seed)
    except TypeError as error:
        raise InputError(f"the seed is {seed!r}: give a whole number") from error
    if not -(2**63) <= whole < 2**64:
        raise InputError(f"the seed is {whole}: give a whole number of at most 64 bits")
    return whole


def outside_inference(x: Tensor) -> Tensor:
    """The same numbers in a tensor that autograd can work with."""
    return x.clone() if x.is_inference() else x
