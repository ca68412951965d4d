"""Dropout whose random bits cost little on a CPU."""

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

    def forward(self, activations: Tensor) -> Tensor:
        """Set a random share of the activations to zero while training; return them as they are otherwise."""
        if not self.training or self._dropped_levels == 0:
            return activations
        if activations.device.type != "cpu":
            return functional.dropout(activations, self.probability)
        count = activations.numel()
        words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        draws = words.view(torch.int16)[:count].view(activations.shape)
        # Written as numbers at once: a mask that is converted takes several times as long.
        kept = torch.ge(draws, self._dropped_levels - _LEVELS // 2, out=torch.empty_like(activations))
        return activations * kept.mul_(_LEVELS / (_LEVELS - self._dropped_levels))

    def extra_repr(self) -> str:
        """Shown by ``print(model)``."""
        return f"{self.probability}"
