"""Adversarial training for the price of nominal training."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from robustag.attacks.problem import PerJetLoss, led_back, usable
from robustag.attacks.rule import BudgetRule
from robustag.options import Count, Positive
from robustag.training.step import Batch, Moment, Recipe


def free(loss: PerJetLoss, rule: BudgetRule, *, epsilon: Positive, replays: Count) -> Recipe:
    """Every batch shown `replays` times; each backward pass serves the weights and the perturbation alike.

    The perturbation takes an FGSM step of epsilon after each update of the weights, is brought back inside
    the budget, and is handed on to the next batch (arXiv:1904.12843, algorithm 1). To compare at equal cost,
    divide the epochs by `replays`.
    """

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        budget = rule.budget(batch.inputs, batch.missing, epsilon, batch.label)
        kept = moment.state.setdefault("perturbation", torch.zeros_like(batch.inputs))
        # The last batch of an epoch is smaller; what it does not use waits for the next.
        jets = len(batch.label)
        for _ in range(replays):
            x = budget.project(batch.inputs + kept[:jets]).requires_grad_(True)
            yield loss(model(x), batch.label)
            kept[:jets] = budget.step(x.detach(), usable(led_back(x.grad)), 1.0) - batch.inputs

    return step
