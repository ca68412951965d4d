"""Training without attacked jets that asks the same of the loss: to change little around every jet."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from robustag.attacks.problem import PerJetLoss
from robustag.attacks.rule import BudgetRule
from robustag.options import Positive
from robustag.training.step import Batch, Moment, Recipe


def gradient_penalty(loss: PerJetLoss, rule: BudgetRule, *, epsilon: Positive) -> Recipe:
    """Loss plus what FGSM would add to it to first order: ``L + epsilon sum_i scale_i abs(dL/dx_i)``.

    The sum goes over what may move. Its own gradient needs a second backward pass, double backpropagation
    (arXiv:1711.09404 with the squared L2 length; with the norm dual to the attack's, as here, in
    arXiv:1802.01421).
    """

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        width = rule.budget(batch.inputs, batch.missing, epsilon, batch.label).width
        x = batch.inputs.detach().requires_grad_(True)
        losses = loss(model(x), batch.label)
        gradient = torch.autograd.grad(losses.sum(), x, create_graph=True)[0]
        yield losses + (gradient.abs() * width).sum(dim=1)

    return step
