"""The matrix products of passes through a network, done again with nothing around them."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

#: Operators of torch that multiply matrices, with the positions of the two.
_PRODUCTS = {"mm": (0, 1), "bmm": (0, 1), "addmm": (1, 2), "baddbmm": (1, 2)}


class Products(TorchDispatchMode):
    """Keeps the matrices that are multiplied while it is entered, in `pairs`."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Tensor, Tensor]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.__name__.partition(".")[0]
        if name in _PRODUCTS:
            one, other = (args[position].detach() for position in _PRODUCTS[name])
            self.pairs.append((one, other))
        return function(*args, **(kwargs or {}))


def products_of(model: nn.Module, jets: int, inputs: int) -> dict[str, list[tuple[Tensor, Tensor]]]:
    """Of one pass of so many random jets: forwards, and further backwards to the inputs or to the weights."""
    x = torch.randn(jets, inputs, dtype=next(model.parameters()).dtype, requires_grad=True)
    found = {}
    for what, towards in (("inputs", [x]), ("weights", list(model.parameters()))):
        with Products() as forwards:
            result = model(x if what == "inputs" else x.detach()).square().sum()
        with Products() as backwards:
            torch.autograd.grad(result, towards, allow_unused=True)
        found |= {"forwards": forwards.pairs, what: backwards.pairs}
    return found


def seconds(run: Callable[[], object], rounds: int = 5) -> float:
    """CPU seconds of the fastest round of one thread, after one to warm up."""
    run()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        run()
        taken.append(time.process_time() - began)
    return min(taken)


def multiplied(pairs: list[tuple[Tensor, Tensor]]) -> float:
    """Seconds of the bare products."""
    return seconds(lambda: [one @ other for one, other in pairs])
