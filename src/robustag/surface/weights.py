"""The mean loss over two random directions in the space of weights, clean and attacked.

Directions are filter-normalised (arXiv:1712.09913): each neuron's random vector is as long as the neuron's
weights, so that models of different weight scales can be compared. The attack is made anew at every point,
so the attacked surface is that of the adversarial training's own objective (arXiv:2004.05884).
"""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.func import functional_call

from robustag.attacks import Budget, BudgetRule
from robustag.attacks.problem import PerJetLoss, loss_and_gradient, usable
from robustag.models import in_mode
from robustag.surface.jets import flavoured_jets

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


def filter_direction(model: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
    """A random direction for every parameter of the model, by name; zero for biases.

    Row by row the Gaussian numbers are scaled to the length of the weights into that neuron.
    """
    direction = {}
    for name, weight in model.named_parameters():
        if weight.ndim < 2:
            direction[name] = torch.zeros_like(weight)
            continue
        random = torch.randn(weight.shape, generator=generator).to(weight)
        length = weight.detach().flatten(1).norm(dim=1) / random.flatten(1).norm(dim=1)
        direction[name] = random * length.view(-1, *[1] * (weight.ndim - 1))
    return direction


def weight_surface(
    model: nn.Module,
    loss: PerJetLoss,
    data: "JetTensors",
    rule: BudgetRule,
    *,
    jets: int,
    epsilon: float,
    width: float,
    points: int,
    seed: int,
) -> pd.DataFrame:
    """Mean loss over jets on a grid of weights, one row per grid point and perturbation.

    Parameters
    ----------
    model : Module
        Evaluated without dropout; every part of it keeps its mode.
    loss : PerJetLoss
    data : JetTensors
    jets : int
        Of each flavour, as `flavoured_jets` chooses them.
    rule : BudgetRule
    epsilon : float
        Of the FGSM step.
    width : float
        Full width of the square, in filter-normalised units: 1 changes each neuron by its own length.
    points : int
        Grid points per side.
    seed : int
        Of the directions; models of one architecture draw the same numbers.

    Returns
    -------
    DataFrame
        delta_x, delta_y; perturbation (raw or fgsm); epsilon; loss.
    """
    generator = torch.Generator().manual_seed(seed)
    first, second = (filter_direction(model, generator) for _ in range(2))
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    data = data.select(torch.from_numpy(flavoured_jets(data, jets, []))).to(rule.scale.device)
    budget = rule.budget(data.inputs, data.missing, epsilon, data.label)
    offset = np.linspace(-width / 2, width / 2, points)
    rows = []
    with in_mode(model, training=False):
        for x, y in product(offset, offset):
            moved = {name: w + x * first[name] + y * second[name] for name, w in weights.items()}
            raw, attacked = _losses(partial(functional_call, model, moved), loss, data, budget)
            rows += [(x, y, "raw", 0.0, raw), (x, y, "fgsm", epsilon, attacked)]
    return pd.DataFrame(rows, columns=["delta_x", "delta_y", "perturbation", "epsilon", "loss"])


def _losses(
    model: Callable[[Tensor], Tensor], loss: PerJetLoss, data: "JetTensors", budget: Budget
) -> tuple[float, float]:
    """Mean loss of jets, raw and behind an FGSM step."""
    raw, gradient = loss_and_gradient(model, loss, data.inputs, data.label)
    with torch.no_grad():
        attacked = loss(model(budget.extreme(usable(gradient))), data.label)
    return float(raw.double().mean()), float(attacked.double().mean())
