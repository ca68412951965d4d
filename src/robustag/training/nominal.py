"""Training on the jets as they are."""

from collections.abc import Iterator

from torch import Tensor, nn

from robustag.attacks.problem import PerJetLoss
from robustag.attacks.rule import BudgetRule
from robustag.training.step import Batch, Moment, Recipe


def nominal(loss: PerJetLoss, rule: BudgetRule) -> Recipe:
    """The jets as they are."""

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        yield loss(model(batch.inputs), batch.label)

    return step
