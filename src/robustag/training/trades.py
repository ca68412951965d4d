"""Training that buys stability of the prediction rather than of the loss."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from robustag.attacks.iterated import ascend, random_point
from robustag.attacks.problem import PerJetLoss, Problem
from robustag.attacks.rule import BudgetRule
from robustag.draws import Draws
from robustag.models import in_mode, shared_dropout
from robustag.options import Count, Positive
from robustag.training.losses import divergence
from robustag.training.step import Batch, Moment, Recipe


def trades(
    loss: PerJetLoss, rule: BudgetRule, *, epsilon: Positive, beta: Positive, steps: Count, rate: Positive
) -> Recipe:
    """Loss of the clean jet plus `beta` times how far an attack can move its prediction.

    ``L(f(x), y) + beta max_x' KL(f(x) || f(x'))`` (arXiv:1901.08573, with beta for its 1/lambda). The
    maximum is sought by PGD from a random point of the budget, dropout off; the paper starts next to the jet.
    Both predictions of a step come from the same thinned network: `shared_dropout`.
    """

    def attacked(model: nn.Module, batch: Batch, moment: Moment) -> Tensor:
        with torch.no_grad():
            clean = model(batch.inputs)
        problem = Problem(
            model,
            lambda logits, label: divergence(clean, logits),
            batch.inputs,
            batch.missing,
            batch.label,
            rule,
            Draws.of_rows(moment.generator, batch.inputs),
        )
        budget = problem.budget(epsilon)
        return ascend(problem, budget, random_point(problem, budget), steps, rate)

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        with in_mode(model, training=False):
            perturbed = attacked(model, batch, moment)
        with shared_dropout(model, 2):
            logits, others = model(torch.cat([batch.inputs, perturbed])).chunk(2)
        yield loss(logits, batch.label) + beta * divergence(logits, others)

    return step
