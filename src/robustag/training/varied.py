"""Training on jets as other detectors measure them: the same jets in the samples of variations."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from robustag.attacks.problem import PerJetLoss
from robustag.attacks.rule import BudgetRule
from robustag.models import shared_dropout
from robustag.options import Names, Positive, Share
from robustag.training.losses import divergence
from robustag.training.step import Batch, Moment, Recipe, in_one_each, in_one_variation, needed


def augmented(loss: PerJetLoss, rule: BudgetRule, *, variations: Names, share: Share) -> Recipe:
    """A share of every batch as another detector measures it, each jet in one of the variations at random.

    Parameters
    ----------
    variations : list of str
        Of the same collisions: of the detector, or of the records.
    share : float
        Part of every batch.
    """

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        varied = in_one_variation(batch, moment)
        # The order of the jets is random, so that the first ones are as good as any.
        changed = max(1, round(share * len(batch.label)))
        yield loss(model(torch.cat([varied[:changed], batch.inputs[changed:]])), batch.label)

    return step


def paired(
    loss: PerJetLoss, rule: BudgetRule, *, variations: Names, weight: Positive, shuffled: bool = False
) -> Recipe:
    """Loss plus `weight` times how far a jet's prediction moves when another detector measures the jet.

    ``L(f(x), y) + weight KL(f(x) || f(x'))`` with x' the same jet in one of the variations at random, and
    dropout the same in both. Contrastive training on re-simulated jets (arXiv:2403.07066, arXiv:2410.13947)
    asks the same of an embedding.

    Parameters
    ----------
    variations : list of str
        As of `augmented`.
    weight : float
        Of the divergence, in nats.
    shuffled : bool
        Whether x' is another jet of the flavour: the control, which costs the same and knows no pairs.
    """

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        varied = in_one_variation(batch, moment)
        if shuffled:
            varied = varied[within_flavours(batch.label, moment.generator)]
        with shared_dropout(model, 2):
            logits, others = model(torch.cat([batch.inputs, varied])).chunk(2)
        yield loss(logits, batch.label) + weight * divergence(logits, others)

    return step


def group_dro(loss: PerJetLoss, rule: BudgetRule, *, variations: Names, rate: Positive) -> Recipe:
    """The nominal detector and every variation as groups, of which the worst counts most.

    Group distributionally robust optimisation (arXiv:1911.08731): each jet of a batch is shown in one group
    at random; the weight of a group grows by ``exp(rate loss)`` with its mean loss, and all weights add up to
    one.

    Parameters
    ----------
    variations : list of str
        As of `augmented`.
    rate : float
        Step of the group weights; 0.01 in the paper.
    """

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        everything = torch.cat([batch.inputs[:, None], needed(batch.varied)], dim=1)
        groups = everything.shape[1]
        group = torch.randint(
            groups, (len(batch.label),), generator=moment.generator, device=batch.label.device
        )
        losses = loss(model(in_one_each(everything, group)), batch.label)
        member = (group[:, None] == torch.arange(groups, device=group.device)) * batch.weight[:, None]
        total = member.sum(dim=0)
        mean = (losses.detach() @ member) / torch.where(total > 0, total, 1.0)
        share = moment.state.setdefault("group shares", torch.full_like(mean, 1 / groups))
        share.mul_((rate * mean).exp()).div_(share.sum())
        # Jets of one group share its part of the batch's loss by their weights.
        factor = torch.where(total > 0, share * batch.weight.sum() / total, 0.0)
        yield losses * factor[group]

    return step


def within_flavours(label: Tensor, generator: torch.Generator) -> Tensor:
    """Random permutation int64 [B] that gives each jet another one of its flavour, or itself."""
    # Two random orders of the jets, both by flavour: one takes the place of the other.
    first, second = (
        (label + torch.rand(len(label), generator=generator, device=label.device)).argsort() for _ in range(2)
    )
    return torch.empty_like(first).scatter_(0, first, second)
