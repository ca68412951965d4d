"""Trained models whose mean prediction others learn."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from robustag.models import load_model

#: Jets that all teachers see at a time.
_CHUNK = 2**13


class Teachers:
    """An ensemble of finished models.

    Parameters
    ----------
    models : sequence of nn.Module
        At least one; they are put into evaluation mode and double precision, in which it changes no
        prediction how many jets are read at once.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self._models = [model.double().eval().requires_grad_(False) for model in models]

    @classmethod
    def load(cls, paths: Iterable[str | Path], device: str | torch.device) -> Self:
        """The models of files, on a device.

        Raises
        ------
        InputError
            As `load_model`.
        """
        return cls([load_model(path)[0].to(device) for path in paths])

    def __call__(self, inputs: Tensor) -> Tensor:
        """Logarithm of the mean probability of each flavour, float32 [N, C], of jets [N, F]."""
        with torch.no_grad():
            return torch.cat([self._mean(jets.double()) for jets in inputs.split(_CHUNK)])

    def _mean(self, inputs: Tensor) -> Tensor:
        each = torch.stack([model(inputs).log_softmax(dim=1) for model in self._models])
        return (each.logsumexp(dim=0) - math.log(len(each))).float()

    def weights(self) -> Iterator[Tensor]:
        """All that decides what they say, on the CPU."""
        for model in self._models:
            yield from (tensor.cpu() for tensor in model.state_dict().values())
