"""Dropout whose random bits cost little on a CPU, and that may drop the same in several copies of a batch."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

_LEVELS = 2**16


class Dropout(nn.Module):
    """Inverted dropout; on a CPU four 16-bit draws are cut from each 64-bit random word.

    ``torch.nn.Dropout`` draws one random number per activation, which on a CPU takes as long as half the
    matrix products of the network here. The probability is rounded to the nearest multiple of 1/65536 and
    the surviving activations are scaled with the rounded value, so their expectation is exact. Other
    devices use torch's own kernel. The random numbers come from torch's default generator.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self._dropped_levels = round(probability * _LEVELS)
        self.copies = 1

    def forward(self, activations: Tensor) -> Tensor:
        """Set a random share of the activations to zero while training; return them as they are otherwise."""
        if not self.training or self._dropped_levels == 0:
            return activations
        if self.copies > 1:
            parts = activations.unflatten(0, (self.copies, -1))
            return (parts * self._factors(parts[0])).flatten(0, 1)
        if activations.device.type != "cpu":
            return functional.dropout(activations, self.probability)
        return activations * self._factors(activations)

    def _factors(self, like: Tensor) -> Tensor:
        """What activations of the shape, kind and place of `like` are multiplied by."""
        if like.device.type != "cpu":
            return functional.dropout(torch.ones_like(like), self.probability)
        count = like.numel()
        words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        draws = words.view(torch.int16)[:count].view(like.shape)
        # Written as numbers at once: a mask that is converted takes several times as long.
        kept = torch.ge(draws, self._dropped_levels - _LEVELS // 2, out=torch.empty_like(like))
        return kept.mul_(_LEVELS / (_LEVELS - self._dropped_levels))

    def extra_repr(self) -> str:
        """Shown by ``print(model)``."""
        return f"{self.probability}"


@contextmanager
def shared_dropout(model: nn.Module, copies: int) -> Iterator[None]:
    """Let the `Dropout` layers of a model take its batch for so many copies, one behind the other.

    The same activations are then dropped in each: what tells the copies apart is the inputs alone.
    """
    layers = [module for module in model.modules() if isinstance(module, Dropout)]
    for layer in layers:
        layer.copies = copies
    try:
        yield
    finally:
        for layer in layers:
            layer.copies = 1
