"""Losses: logits [N, C] and labels int64 [N] to one number per jet, [N]."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from robustag.attacks.problem import PerJetLoss
from robustag.errors import InputError
from robustag.registry import choose, options_in, with_options


def cross_entropy(logits: Tensor, label: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """``-sum_c t_c ln p_c`` with p the softmax probabilities and t the target of `focal`."""
    return focal(logits, label, gamma=0.0, label_smoothing=label_smoothing)


def focal(logits: Tensor, label: Tensor, *, gamma: float, label_smoothing: float = 0.0) -> Tensor:
    """Focal loss ``-sum_c t_c (1 - p_c)^gamma ln p_c`` (arXiv:1708.02002), with 1 - p_c free of cancellation.

    Without label smoothing only the true flavour counts. With it, a share is taken from the true flavour and
    given to all in equal parts (arXiv:1512.00567).

    Raises
    ------
    InputError
        If `gamma` is negative or in (0, 1), where the gradient of a confident jet is infinite, or
        `label_smoothing` is not in [0, 1).
    """
    if gamma != 0 and not gamma >= 1:
        raise InputError(f"focal loss has gamma {gamma}: give 0 or a number of at least 1")
    if not 0 <= label_smoothing < 1:
        raise InputError(f"label_smoothing is {label_smoothing}: give a share in [0, 1)")
    if gamma == 0:
        return functional.cross_entropy(logits, label, reduction="none", label_smoothing=label_smoothing)
    log_p = functional.log_softmax(logits, dim=1)
    each = (-log_p.expm1()) ** gamma * -log_p
    true = each.gather(1, label[:, None])[:, 0]
    return true if label_smoothing == 0 else torch.lerp(true, each.mean(dim=1), label_smoothing)


def double_softmax_focal(logits: Tensor, label: Tensor, *, gamma: float) -> Tensor:
    """Focal loss of the softmax output taken for logits: the loss of arXiv:2203.13890 (gamma = 25).

    Its network ends in a softmax and its loss begins with a log-softmax, so that p_t stays within
    [0.212, 0.576] for three flavours, and the loss between 2.6e-10 (right) and 4.0e-3 (wrong).
    """
    return focal(functional.softmax(logits, dim=1), label, gamma=gamma)


def divergence(logits: Tensor, others: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the predictions `others` from `logits`, [N, C] both; [N], in nats."""
    log_p, log_q = functional.log_softmax(logits, dim=1), functional.log_softmax(others, dim=1)
    return (log_p.exp() * (log_p - log_q)).sum(dim=1)


#: Losses by the name that configurations use; the options follow by keyword.
LOSSES: dict[str, Callable[..., Tensor]] = {
    "cross_entropy": cross_entropy,
    "double_softmax_focal": double_softmax_focal,
    "focal": focal,
}


def build_loss(definition: Mapping[str, Any]) -> PerJetLoss:
    """Loss that a definition names, e.g. ``{"name": "focal", "gamma": 2}``.

    Raises
    ------
    InputError
        If the loss or an option is unknown.
    """
    loss = choose(LOSSES, definition.get("name", ""), "loss")
    return with_options(loss, options_in(definition), "loss", "logits", "label")
