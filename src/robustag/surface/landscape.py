"""The per-jet loss of one model in double precision, with its derivatives with respect to the inputs."""

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from robustag import memory
from robustag.attacks.problem import PerJetLoss, loss_and_gradient


def jets_at_a_time(device: torch.device) -> int:
    """Jets a forward pass in double precision."""
    return memory.jets_at_a_time(device, 4096, 65_536)


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

    Attributes
    ----------
    device : torch.device
        Of the model.
    """

    def __init__(self, model: torch.nn.Module, loss: PerJetLoss) -> None:
        self._model = copy.deepcopy(model).double().eval().requires_grad_(False)
        self._loss = loss
        self.device = next(self._model.parameters()).device

    def of(self, loss: PerJetLoss) -> "Landscape":
        """The same model with another loss."""
        return Landscape(self._model, loss)

    def place(self, inputs: Tensor) -> Tensor:
        """Inputs in the precision and on the device of the model."""
        return inputs.to(self.device, torch.float64)

    def value(self, inputs: Tensor, label: Tensor) -> Tensor:
        """Loss [N] of placed inputs [N, F], chunk by chunk."""
        with torch.inference_mode():
            return torch.cat([self._loss(self._model(x), true) for x, true in self._chunks(inputs, label)])

    def gradient(self, inputs: Tensor, label: Tensor) -> Tensor:
        """d loss / d inputs [N, F] of placed inputs [N, F], chunk by chunk."""
        return self.value_and_gradient(inputs, label)[1]

    def value_and_gradient(self, inputs: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """`value` and `gradient`, for one forward and one backward pass."""
        chunks = self._chunks(inputs, label)
        losses, gradients = zip(
            *(loss_and_gradient(self._model, self._loss, x, true) for x, true in chunks), strict=True
        )
        return torch.cat(losses), torch.cat(gradients)

    def hessian(self, inputs: Tensor, label: Tensor) -> Callable[[Tensor], Tensor]:
        """Product of each jet's Hessian d2 loss / d inputs2 with a vector: [N, F] to [N, F].

        The forward pass and the gradient are made once, and each product takes one backward pass through
        both; all activations of the N jets are kept meanwhile. With ReLUs the logits have no second
        derivative almost everywhere, and this is ``J^T (d2 loss / d logits2) J`` with J the Jacobian of the
        logits: the curvature that the softmax of the loss has along the inputs.
        """
        x = inputs.detach().requires_grad_(True)
        with torch.enable_grad():
            losses = self._loss(self._model(x), label.to(self.device))
            gradient = torch.autograd.grad(losses.sum(), x, create_graph=True)[0]

        if not gradient.requires_grad:  # a linear loss
            return torch.zeros_like

        def product(vector: Tensor) -> Tensor:
            return torch.autograd.grad(gradient, x, vector, retain_graph=True)[0]

        return product

    def _chunks(self, inputs: Tensor, label: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        size = jets_at_a_time(self.device)
        return zip(inputs.split(size), label.to(self.device).split(size), strict=True)
