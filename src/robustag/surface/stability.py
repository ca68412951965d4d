"""How long the gradient stays what it is along an FGSM step, jet by jet.

Where the loss is linear over the step, FGSM is as strong as any attack of its size, and the limitation of the
papers to first-order attacks costs nothing; where gradients turn or signs flip, it does.
"""

import pandas as pd
import torch
from torch import Tensor

from robustag.attacks import BudgetRule
from robustag.surface.landscape import Landscape


def step_stability(
    landscape: Landscape,
    inputs: Tensor,
    missing: Tensor,
    label: Tensor,
    rule: BudgetRule,
    epsilon: float,
) -> pd.DataFrame:
    """What an FGSM step changes, one row per jet.

    Parameters
    ----------
    landscape : Landscape
    inputs, missing, label : float64 [N, F], bool [N, F], int64 [N]
        Placed jets.
    rule : BudgetRule
    epsilon : float
        Size of the step, above 0.

    Returns
    -------
    DataFrame
        With x, g the jet and its gradient, delta the step, and x', g' behind it, over entries that may move:

        gain: L(x') - L(x). linearity_error: |L(x') - L(x) - delta g| / (delta g), after the local linearity
        of arXiv:1907.02610, relative to the first-order gain. gradient_cosine: angle between g and g'.
        sign_agreement: share of entries with slope whose sign is the same in g'. step_curvature: delta (g'
        - g) / |delta|^2, the second derivative along the step as a finite difference (arXiv:1811.09716),
        which sees kinks of ReLUs. NaN where there is no slope.
    """
    budget = rule.budget(inputs, missing, epsilon, label)
    before = landscape.gradient(inputs, label)
    moved = budget.extreme(before)
    step = moved - inputs
    before = before * budget.movable
    after = landscape.gradient(moved, label) * budget.movable
    gain = landscape.value(moved, label) - landscape.value(inputs, label)
    first_order = (step * before).sum(dim=1)
    slope = before != 0
    columns = {
        "gain": gain,
        "linearity_error": (gain - first_order).abs() / first_order,
        "gradient_cosine": (before * after).sum(dim=1) / (before.norm(dim=1) * after.norm(dim=1)),
        "sign_agreement": ((before * after > 0) & slope).sum(dim=1) / slope.sum(dim=1),
        "step_curvature": (step * (after - before)).sum(dim=1) / step.square().sum(dim=1),
    }
    sloped = slope.any(dim=1)
    return pd.DataFrame(
        {name: torch.where(sloped, column, torch.nan).cpu().numpy() for name, column in columns.items()}
    )
