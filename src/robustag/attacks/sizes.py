"""What a budget means in physical units."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustag.attacks.rule import BudgetRule

if TYPE_CHECKING:
    import torch

    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation


def physical_sizes(
    rule: BudgetRule,
    features: "FeatureTable",
    normalisation: "Normalisation",
    inputs: "torch.Tensor",
    missing: "torch.Tensor",
    epsilon: float,
    label: "torch.Tensor | None" = None,
) -> pd.DataFrame:
    """How far each input may move in its own unit: the width of the intervals around some jets.

    Returns
    -------
    DataFrame
        One row an input: feature, unit, group, frozen (no jet may move it), and the median and largest
        half-width of the interval over the jets that have the input, in the unit, and the median in sigma.
    """
    budget = rule.budget(inputs, missing, epsilon, label)
    half = ((budget.upper - budget.lower) / 2).double().cpu().numpy()
    half[missing.cpu().numpy()] = np.nan
    absent = np.isnan(half).all(axis=0)
    half[:, absent] = 0.0
    median, largest = np.nanmedian(half, axis=0), np.nanmax(half, axis=0)
    return pd.DataFrame(
        {
            "feature": features.names,
            "unit": features.units,
            "group": features.groups,
            "frozen": largest == 0,
            "size": median * normalisation.sigma,
            "largest": largest * normalisation.sigma,
            "sigma": median,
        }
    )
