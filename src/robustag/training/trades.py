"""Training that buys stability of the prediction rather than of the loss."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from robustag.attacks.iterated import ascend, random_point
from robustag.attacks.problem import PerJetLoss, Problem
from robustag.attacks.rule import BudgetRule
from robustag.draws import Draws
from robustag.models import in_mode
from robustag.options import Count, Positive
from robustag.training.step import Batch, Moment, Recipe


def trades(
    loss: PerJetLoss, rule: BudgetRule, *, epsilon: Positive, beta: Positive, steps: Count, rate: Positive
) -> Recipe:
    """Loss of the clean jet plus `beta` times how far an attack can move its prediction.

    ``L(f(x), y) + beta max_x' KL(f(x) || f(x'))`` (arXiv:1901.08573, with beta for its 1/lambda). The
    maximum is sought by PGD from a random point of the budget, dropout off; the paper starts next to the jet.
    Both predictions of a step come from the same thinned network: dropout drops the same activations in both.
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
        device = batch.inputs.device
        # The second pass draws the numbers that the first has drawn.
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            logits = model(batch.inputs)
        yield loss(logits, batch.label) + beta * divergence(logits, model(perturbed))

    return step


def divergence(logits: Tensor, others: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the predictions `others` from `logits`, [N, C] both; [N], in nats."""
    log_p, log_q = functional.log_softmax(logits, dim=1), functional.log_softmax(others, dim=1)
    return (log_p.exp() * (log_p - log_q)).sum(dim=1)
