"""Updates of the weights, batch by batch."""

import torch
from torch import nn

from robustag.registry import choose
from robustag.training.precision import PRECISIONS, InBfloat16, products_in
from robustag.training.step import Batch, Moment, Recipe


class Updates:
    """All that one batch does to a model.

    Parameters
    ----------
    model : nn.Module
        On the device of the jets.
    optimiser : torch.optim.Optimizer
        Of its parameters.
    recipe : Recipe
        What the model is shown.
    precision : str
        Entry of `PRECISIONS`.

    Attributes
    ----------
    total : Tensor float64 [2]
        Weighted sum of the losses and sum of the weights since it was last set to zero.

    Raises
    ------
    InputError
        If the precision is unknown.
    """

    def __init__(
        self, model: nn.Module, optimiser: torch.optim.Optimizer, recipe: Recipe, precision: str
    ) -> None:
        self._precision = choose({name: name for name in PRECISIONS}, precision, "precision")
        self._network = InBfloat16(model) if precision == "bfloat16" else model
        self._optimiser, self._recipe = optimiser, recipe
        self.total = torch.zeros(2, device=next(model.parameters()).device, dtype=torch.float64)

    def __call__(self, batch: Batch, moment: Moment) -> None:
        """Update the weights as often as the recipe wants for this batch."""
        with products_in(self._precision):
            for losses in self._recipe(self._network, batch, moment):
                self._optimiser.zero_grad(set_to_none=True)
                weighted, weight = (losses * batch.weight).sum(), batch.weight.sum()
                # By the sizes of the weights: their sum may be about zero in a batch, or below.
                (weighted / batch.weight.abs().sum()).backward()
                self._optimiser.step()
                self.total += torch.stack((weighted.detach(), weight))
