"""Precision of the matrix products of a training: an option of its definition, for it changes results."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

#: By the name that configurations use. "tf32" rounds what a GPU multiplies to 10 bits behind the point and
#: leaves a processor in float32; "bfloat16" multiplies in 7 bits anywhere. Sums, losses, gradients of the
#: weights as they are stored, and the optimiser stay in float32.
PRECISIONS = ("float32", "tf32", "bfloat16")


class InBfloat16(nn.Module):
    """A network whose products are taken in bfloat16, forwards and backwards; its logits are float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N, C] of inputs [N, F]."""
        # Without its cache: a recorded step would keep the weights of the step in which it was recorded.
        with torch.autocast(x.device.type, torch.bfloat16, cache_enabled=False):
            logits: Tensor = self.network(x)
        return logits.float()


@contextmanager
def products_in(precision: str) -> Iterator[None]:
    """Let float32 products of a GPU be taken in TF32 for a while, if that is the precision."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else before)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
