"""Training against an adversary that moves all jets alike and does not know their flavour."""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from robustag.attacks.problem import PerJetLoss, input_gradient, usable
from robustag.attacks.rule import BudgetRule
from robustag.models import in_mode
from robustag.options import Names, Positive
from robustag.training.step import Batch, Moment, Recipe, needed


def coherent(
    loss: PerJetLoss,
    rule: BudgetRule,
    *,
    variations: Names,
    size: Positive,
    move: Literal["jet", "mean"],
    deviations: list[float] | None = None,
    direction: Literal["worst", "random"] = "worst",
) -> Recipe:
    """All jets of a batch moved along the displacements of systematic variations, each way or back.

    ``x' = x + size sum_v s_v d_v(x) / deviations_v`` with d_v the displacement of a jet, or the mean one of
    the batch, by variation v, and one sign s_v for all jets: that of the sum over the batch of the gradient
    of the loss along it. The adversary so has as many choices as there are variations and sees no flavour;
    a detector knows no more. Counts stay, and so do entries that are missing before or after.

    Parameters
    ----------
    variations : list of str
        Of the same collisions: of the detector, or of the records.
    size : float
        How far every nuisance is moved, in prior standard deviations.
    move : str
        "jet": along each jet's own displacement; "mean": along the batch's mean.
    deviations : list of float
        How many prior standard deviations each variation is; what ``variations`` of the configuration say.
    direction : str
        "random" takes signs at random: the control, which costs the same and is no adversary.
    """

    # On the device of the jets before the first step: nothing is copied there within one.
    unit = rule.scale.new_tensor(deviations or [1.0] * len(variations))[:, None]

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        varied, absent = needed(batch.varied), needed(batch.varied_missing)
        fixed = absent | (batch.missing | rule.integer)[:, None]
        # The mask as numbers: choosing entry by entry takes ten times as long on a CPU.
        free = fixed.logical_not().view(torch.uint8)
        moves = (varied - batch.inputs[:, None]).mul_(free)
        if move == "mean":
            moves = moves.sum(dim=0) / free.sum(dim=0).clamp(min=1) * free
        moves.div_(unit)
        if direction == "random":
            signs = torch.randint(2, (varied.shape[1],), generator=moment.generator, device=varied.device).to(
                moves.dtype
            )
            signs = 2 * signs - 1
        else:
            with in_mode(model, training=False):
                gradient = usable(input_gradient(model, loss, batch.inputs, batch.label))
            signs = torch.einsum("bf,bvf->v", gradient * batch.weight[:, None], moves).sign()
        moved = batch.inputs + size * torch.einsum("v,bvf->bf", signs, moves)
        yield loss(model(moved), batch.label)

    return step
