"""Whether an attack did what it says: numbers that belong beside its results."""

import math

import torch
from torch import Tensor, nn

from robustag.attacks.budget import BudgetRule
from robustag.attacks.problem import PerJetLoss, input_gradient
from robustag.attacks.registry import ATTACKS
from robustag.models import choose


def audit(
    name: str,
    epsilon: float,
    perturbed: Tensor,
    model: nn.Module,
    loss: PerJetLoss,
    inputs: Tensor,
    missing: Tensor,
    label: Tensor,
    rule: BudgetRule,
    *,
    chunk: int = 2048,
) -> dict[str, float | int]:
    """Audit the jets that attack `name` perturbed.

    Parameters are those of `sweep`; `perturbed` [N, F] is what it gave at `epsilon`.

    Returns
    -------
    dict
        ``zero_gradient_jets``: share of jets whose input gradient is exactly zero on everything that may
        move (gradient attacks cannot see such a jet: masking); ``outside_budget``: number of entries beyond
        their interval; ``moved_frozen``: number of moved counts and missing entries; ``moved``: share of the
        entries that moved.
    """
    bound = epsilon if choose(ATTACKS, name, "attack").norm == "linf" else math.inf
    zero = outside = frozen = moved = 0
    tensors = (tensor.split(chunk) for tensor in (inputs, missing, label, perturbed))
    for x, absent, flavour, shifted in zip(*tensors, strict=True):
        fixed = absent | rule.integer
        gradient = input_gradient(model, loss, x, flavour).masked_fill(fixed, 0.0)
        zero += torch.count_nonzero((gradient == 0).all(dim=1))
        outside += torch.count_nonzero(rule.budget(x, absent, bound).outside(shifted))
        frozen += torch.count_nonzero((shifted != x) & fixed)
        moved += torch.count_nonzero(shifted != x)
    return {
        "zero_gradient_jets": int(zero) / len(inputs),
        "outside_budget": int(outside),
        "moved_frozen": int(frozen),
        "moved": int(moved) / inputs.numel(),
    }
