"""What an epsilon is in the units of the inputs, and which inputs an attack owes its effect to."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from robustag.attacks.problem import Network, PerJetLoss, input_gradient, usable
from robustag.attacks.rule import Budget

if TYPE_CHECKING:
    from robustag.tensors import Normalisation

JETS = 4000
"""Test jets that a study looks at for them."""


def physical_sizes(budget: Budget, normalisation: "Normalisation") -> np.ndarray:
    """Largest move of each input in its unit, float64 [F].

    The median over the jets that have the input; zero where the budget keeps it still, or no jet has it. In
    norms that bound inputs together it is what one input may move if it has the budget alone.
    """
    width = budget.width.masked_fill(budget.missing, torch.nan)
    return width.nanmedian(dim=0).values.nan_to_num(nan=0.0).double().cpu().numpy() * normalisation.sigma


def gradient_shares(model: Network, loss: PerJetLoss, label: Tensor, budget: Budget) -> np.ndarray:
    """Share of each input in what a move to the edge of the budget adds to the loss, to first order.

    Parameters
    ----------
    model, loss
        What is attacked.
    label : Tensor int64 [N]
        Flavours of the budget's jets.
    budget : Budget

    Returns
    -------
    float64 [F]
        Mean over jets of ``abs(g) w / sum(abs(g) w)`` with gradient g and width w; jets whose gradient is
        zero or not finite are left out. NaN if all are.
    """
    gain = usable(input_gradient(model, loss, budget.origin, label)).double().abs() * budget.width
    total = gain.sum(dim=1, keepdim=True)
    steep = total[:, 0] > 0
    return (gain[steep] / total[steep]).mean(dim=0).cpu().numpy()
