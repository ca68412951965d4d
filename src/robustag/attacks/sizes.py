"""What an epsilon is in the units of the inputs."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from robustag.attacks.rule import BudgetRule

if TYPE_CHECKING:
    from robustag.tensors import Normalisation


def physical_sizes(
    rule: BudgetRule, normalisation: "Normalisation", x: Tensor, missing: Tensor, epsilon: float
) -> np.ndarray:
    """Largest move of each input at one epsilon, in its unit, float64 [F].

    The median over the jets that have the input; zero where the rule keeps it still, or no jet has it.

    Parameters
    ----------
    rule : BudgetRule
        Of norm "linf": what bounds inputs together says nothing about one of them.
    normalisation : Normalisation
    x : Tensor [N, F]
        Jets, scaled.
    missing : Tensor bool [N, F]
        Entries of theirs that do not exist.
    epsilon : float
    """
    width = rule.budget(x, missing, epsilon).width.masked_fill(missing, torch.nan)
    return width.nanmedian(dim=0).values.nan_to_num(nan=0.0).double().numpy() * normalisation.sigma
