"""Exact area under the ROC curve, where the scores are."""

import torch
from torch import Tensor

from robustag.errors import InputError


def auc(score: Tensor, positive: Tensor) -> float:
    """Probability that a positive scores above a negative, ties counting half (Mann-Whitney).

    Parameters
    ----------
    score : Tensor [N]
        Higher means more positive.
    positive : Tensor bool [N]

    Raises
    ------
    InputError
        If either class is empty.

    Examples
    --------
    >>> auc(torch.tensor([0.1, 0.5, 0.5, 0.9]), torch.tensor([False, False, True, True]))
    0.875
    """
    above = int(positive.sum())
    below = len(score) - above
    if above == 0 or below == 0:
        raise InputError("an AUC needs jets of both flavours, and one is absent: use more jets")
    _, place, count = torch.unique(score, return_inverse=True, return_counts=True)
    # Mean rank, from 1, of the jets that share a score.
    rank = count.cumsum(0).double() - (count.double() - 1) / 2
    return (float(rank[place[positive]].sum()) - above * (above + 1) / 2) / (above * below)
