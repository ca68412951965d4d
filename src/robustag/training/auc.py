"""Exact area under the ROC curve, where the scores are."""

import torch
from torch import Tensor

from robustag.errors import InputError


def auc(score: Tensor, positive: Tensor, weight: Tensor) -> float:
    """Probability that a positive scores above a negative, ties counting half (Mann-Whitney).

    Parameters
    ----------
    score : Tensor [N]
        Higher means more positive.
    positive : Tensor bool [N]
    weight : Tensor [N]
        Of either sign.

    Raises
    ------
    InputError
        If either class has no jets, or no weight.

    Examples
    --------
    >>> auc(torch.tensor([0.1, 0.5, 0.5, 0.9]), torch.tensor([False, False, True, True]), torch.ones(4))
    0.875
    """
    distinct, place = torch.unique(score, return_inverse=True)
    above, below = (
        torch.zeros(len(distinct), dtype=torch.float64, device=score.device).index_add_(
            0, place, weight.double() * chosen
        )
        for chosen in (positive, ~positive)
    )
    pairs = float(above.sum() * below.sum())
    if not above.sum() > 0 or not below.sum() > 0:
        raise InputError("an AUC needs jets of both flavours, and one is absent: use more jets")
    # Negatives below a score, and half of those that share it.
    return float(above @ (below.cumsum(0) - below / 2)) / pairs
