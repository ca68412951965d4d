"""Random numbers of jets that are functions of the jet: on every device, in chunks of any size, in any order.

Each jet has a SplitMix64 (see `robustag.hashing`) that starts from the seed and its key. The outputs of this
one start another for each draw, and an output of that is the random word of two inputs, 32 bits each.
"""

import math
from functools import cached_property

import torch
from torch import Tensor

from robustag.hashing import GOLDEN, LAST_SHIFT, ROUNDS


class Draws:
    """Random patterns of some jets, a new one at each call.

    Jet, input and how many were drawn before say what is drawn: uniform numbers bit for bit, normal ones up
    to the rounding of a logarithm and a cosine.

    Parameters
    ----------
    seed : int or torch.Generator
        A generator is asked for a seed when the first numbers are drawn, and for nothing else; on a GPU
        nobody waits for it.
    key : Tensor int64 [N]
        What tells the jets apart, on their device; jets of one key draw the same.
    """

    def __init__(self, seed: int | torch.Generator, key: Tensor) -> None:
        self._seed, self.key = seed, key
        self._number = 0

    @classmethod
    def of_rows(cls, seed: int | torch.Generator, jets: Tensor) -> "Draws":
        """Of jets [N, ...] that have no better key than their row."""
        return cls(seed, torch.arange(len(jets), device=jets.device))

    def restart(self) -> None:
        """Begin again with the first pattern."""
        self._number = 0

    def uniform(self, columns: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Multiples of 2^-24 in [0, 1), [N, columns]."""
        return self._pairs(columns)[:, :columns].to(dtype)

    def normal(self, columns: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Standard normal numbers [N, columns], by Box and Muller's transform; none is beyond 5.8."""
        pairs = self._pairs(columns)
        # No logarithm of zero: 1 - u is in (0, 1].
        radius = (1.0 - pairs[:, 0::2]).log_().mul_(-2.0).sqrt_()
        angle = pairs[:, 1::2] * (2.0 * math.pi)
        torch.mul(radius, angle.cos(), out=pairs[:, 0::2])
        torch.mul(radius, angle.sin(), out=pairs[:, 1::2])
        return pairs[:, :columns].to(dtype)

    def words(self, columns: int) -> Tensor:
        """Random words int64 [N, columns], of all 64 bits."""
        start = finalise(self._jets + _signed((self._number + 1) * int(GOLDEN)))
        self._number += 1
        steps = torch.arange(1, columns + 1, device=start.device).mul_(_signed(int(GOLDEN)))
        return finalise(start[:, None] + steps)

    def _pairs(self, columns: int) -> Tensor:
        """Uniform float32 [N, columns], and one more where that is odd."""
        halves = self.words((columns + 1) // 2).view(torch.int32)
        # Shifts keep the sign, which the mask takes away. float32 holds 24 bits exactly.
        return halves.bitwise_right_shift_(8).bitwise_and_(0xFFFFFF).to(torch.float32).mul_(2.0**-24)

    @cached_property
    def _jets(self) -> Tensor:
        """The state of each jet, int64 [N]."""
        if isinstance(self._seed, torch.Generator):
            seed = torch.randint(2**63 - 1, (), generator=self._seed, device=self._seed.device)
        else:
            seed = torch.full((), _signed(self._seed), device=self.key.device)
        return splitmix64(self.key ^ splitmix64(seed))


def splitmix64(state: Tensor) -> Tensor:
    """As `robustag.hashing.splitmix64`, int64 [...] that stand for uint64."""
    return finalise(state + _signed(int(GOLDEN)))


def finalise(word: Tensor) -> Tensor:
    """As `robustag.hashing.finalise`, in place on int64 [...] that stand for uint64."""
    shifted = torch.empty_like(word)
    for shift, factor in ROUNDS:
        _fold(word, shift, shifted).mul_(_signed(factor))
    return _fold(word, LAST_SHIFT, shifted)


def _fold(word: Tensor, shift: int, shifted: Tensor) -> Tensor:
    """``word ^= word >> shift`` of unsigned words; `shifted` is room for it."""
    torch.bitwise_right_shift(word, shift, out=shifted)
    return word.bitwise_xor_(shifted.bitwise_and_((1 << (64 - shift)) - 1))


def _signed(value: int) -> int:
    """The int64 of the same 64 bits."""
    return (value + 2**63) % 2**64 - 2**63
