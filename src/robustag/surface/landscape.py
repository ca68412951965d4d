"""The per-jet loss of one model in double precision, with its gradient with respect to the inputs."""

import copy
from collections.abc import Iterator

import torch

from robustag.attacks.problem import PerJetLoss, input_gradient

CHUNK = 8192
"""Jets a forward pass, so that activations stay in the cache of a CPU."""


class Landscape:
    """A model and a loss, evaluated in float64 and evaluation mode on a copy of the model.

    Differences of losses over small distances are the subject here: in float32 a mixed difference drowns
    in rounding as soon as the plane is much smaller than one sigma.

    Parameters
    ----------
    model : Module
        Returns logits [N, 3]; stays as it is.
    loss : callable
        Per-jet loss of logits and labels.
    """

    def __init__(self, model: torch.nn.Module, loss: PerJetLoss) -> None:
        self._model = copy.deepcopy(model).double().eval().requires_grad_(False)
        self._loss = loss
        self._device = next(self._model.parameters()).device

    def place(self, inputs: torch.Tensor) -> torch.Tensor:
        """Inputs in the precision and on the device of the model."""
        return inputs.to(self._device, torch.float64)

    def value(self, inputs: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """Loss [N] of placed inputs [N, F]."""
        with torch.inference_mode():
            return self._loss(self._model(inputs), label.to(self._device))

    def gradient(self, inputs: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """d loss / d inputs [N, F] of placed inputs [N, F], chunk by chunk."""
        label = label.to(self._device)
        return torch.cat(
            [
                input_gradient(self._model, self._loss, inputs[rows], label[rows])
                for rows in chunks(len(inputs))
            ]
        )


def chunks(length: int) -> Iterator[slice]:
    """Slices of at most `CHUNK` rows that cover `length` rows."""
    return (slice(start, min(start + CHUNK, length)) for start in range(0, length, CHUNK))
