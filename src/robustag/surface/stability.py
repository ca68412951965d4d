"""How long the gradient stays what it is along an FGSM step, jet by jet.

Where the loss is linear over the step, FGSM is as strong as any attack of its size, and the limitation of the
papers to first-order attacks costs nothing; where gradients turn or signs flip, it does.
"""

from collections.abc import Iterator, Sequence

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
    epsilons: Sequence[float],
) -> Iterator[tuple[float, pd.DataFrame]]:
    """What FGSM steps change, one row per jet.

    Parameters
    ----------
    landscape : Landscape
    inputs, missing, label : float64 [N, F], bool [N, F], int64 [N]
        Placed jets.
    rule : BudgetRule
    epsilons : sequence of float
        Sizes of the steps, above 0.

    Yields
    ------
    epsilon : float
    stability : DataFrame
        With x, g the jet and its gradient, delta the step, and x', g' behind it, over entries that may move:

        gain: L(x') - L(x). linearity_error: |L(x') - L(x) - delta g| / (delta g), after the local linearity
        of arXiv:1907.02610, relative to the first-order gain. gradient_cosine: angle between g and g'.
        sign_agreement: share of entries with slope whose sign is the same in g'. step_curvature: delta (g'
        - g) / |delta|^2, the second derivative along the step as a finite difference (arXiv:1811.09716),
        which sees kinks of ReLUs. NaN where there is no slope.
    """
    value, gradient = landscape.value_and_gradient(inputs, label)
    for epsilon in epsilons:
        budget = rule.budget(inputs, missing, epsilon, label)
        moved = budget.extreme(gradient)
        behind = landscape.value_and_gradient(moved, label)
        before, after = (each * budget.movable for each in (gradient, behind[1]))
        yield epsilon, _changes(moved - inputs, behind[0] - value, before, after)


def _changes(step: Tensor, gain: Tensor, before: Tensor, after: Tensor) -> pd.DataFrame:
    """The columns of `step_stability`, from the step [N, F], the gain [N] and both gradients [N, F]."""
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
