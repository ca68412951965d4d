"""ReLU and dropout in one pass over the activations, which may drop the same in copies of a batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from robustag.compiling import compiled

_LEVELS = 2**16


class ReluDropout(nn.ReLU):
    """A ReLU followed by inverted dropout; on a CPU four 16-bit draws are cut from each 64-bit random word.

    ``torch.nn.Dropout`` draws one random number per activation, which on a CPU takes as long as half the
    matrix products of the network here. The probability is rounded to the nearest multiple of 1/65536 and
    the surviving activations are scaled with the rounded value, so their expectation is exact. Other
    devices use torch's own kernels. The random numbers come from torch's default generator.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self._dropped_levels = round(probability * _LEVELS)
        self.copies = 1

    def forward(self, activations: Tensor) -> Tensor:
        """Activations that are positive, less a random share of them while training."""
        if not self.training or self._dropped_levels == 0:
            return super().forward(activations)
        gain = _LEVELS / (_LEVELS - self._dropped_levels)
        if activations.device.type != "cpu":
            return self._apart(super().forward(activations))
        draws = self._draws(activations.numel() // self.copies)
        floor = self._dropped_levels - _LEVELS // 2
        if activations.dtype == torch.float32:
            thinned: Tensor = _Thinned.apply(activations, draws, floor, gain, self.copies)
            return thinned
        kept = (draws >= floor).to(activations.dtype) * gain
        return super().forward(activations) * kept.repeat(self.copies).view(activations.shape)

    def _apart(self, activations: Tensor) -> Tensor:
        """Dropout by torch's kernel."""
        if self.copies == 1:
            return functional.dropout(activations, self.probability)
        parts = activations.unflatten(0, (self.copies, -1))
        return (parts * functional.dropout(torch.ones_like(parts[0]), self.probability)).flatten(0, 1)

    def _draws(self, count: int) -> Tensor:
        """Random int16 [count]."""
        words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        return words.view(torch.int16)[:count]

    def extra_repr(self) -> str:
        """Shown by ``print(model)``."""
        return f"{self.probability}"


class _Thinned(torch.autograd.Function):
    """ReLU and dropout as one function: what comes out says what was kept, so that no mask is.

    As functions of torch they are three passes over memory forwards and two backwards beside the random
    numbers; a step of a nominal training then takes 8 % longer.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, draws: Tensor, floor: int, gain: float, copies: int) -> Tensor:
        x = x.contiguous()
        out = torch.empty_like(x)
        into = out.view(copies, -1).numpy()
        _thin(x.view(copies, -1).numpy(), draws.numpy(), np.int16(floor), np.float32(gain), into)
        ctx.gain = gain
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,), (out,) = gradients, ctx.saved_tensors
        if torch.is_grad_enabled():  # for a second derivative
            return (gradient * ((out > 0) * ctx.gain), *[None] * 4)
        gradient = gradient.contiguous()
        passed = torch.empty_like(gradient)
        arrays = (part.view(-1).numpy() for part in (gradient, out, passed))
        _pass_back(np.float32(ctx.gain), *arrays)
        return (passed, *[None] * 4)


@compiled
def _thin(x: np.ndarray, draws: np.ndarray, floor: int, gain: float, into: np.ndarray) -> None:
    """`x` [copies, K], rectified, times `gain` where `draws` [K] reach `floor`, else zero; NaN stays NaN."""
    for copy in range(len(x)):
        for place in range(len(draws)):
            value = x[copy, place]
            dropped = (draws[place] < floor) | (value <= np.float32(0))
            into[copy, place] = np.float32(0) if dropped else value * gain


@compiled
def _pass_back(gain: float, gradient: np.ndarray, out: np.ndarray, into: np.ndarray) -> None:
    """`gradient` times `gain` where something came out, all [K]."""
    for place in range(len(out)):
        into[place] = np.float32(0) if out[place] <= np.float32(0) else gradient[place] * gain


@contextmanager
def shared_dropout(model: nn.Module, copies: int) -> Iterator[None]:
    """Let the `ReluDropout` layers of a model take its batch for so many copies, one behind the other.

    The same activations are then dropped in each: what tells the copies apart is the inputs alone.
    """
    layers = [module for module in model.modules() if isinstance(module, ReluDropout)]
    for layer in layers:
        layer.copies = copies
    try:
        yield
    finally:
        for layer in layers:
            layer.copies = 1
