"""What an attack is given: jets, the model it is to mislead, and the rule it has to keep."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from robustag.attacks.budget import Budget, BudgetRule

#: (logits [N, C], label int64 [N]) -> loss of each jet [N].
PerJetLoss = Callable[[Tensor, Tensor], Tensor]

#: epsilon -> perturbed inputs [N, F] inside the budget of that epsilon. Every attack is a function
#: ``(problem, **options) -> Spend``: calling it does what no epsilon changes (a gradient, a noise pattern).
Spend = Callable[[float], Tensor]


def input_gradient(model: nn.Module, loss: PerJetLoss, x: Tensor, label: Tensor) -> Tensor:
    """Gradient [N, F] of each jet's own loss with respect to its inputs.

    The losses are summed, not averaged: the gradient of a jet then does not shrink with N, and tiny
    losses do not underflow. Gradients of the weights are neither computed nor touched.
    """
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        total = loss(model(x), label).sum()
    return torch.autograd.grad(total, x)[0]


@dataclass(frozen=True)
class Problem:
    """A batch of jets to perturb.

    Attributes
    ----------
    model : nn.Module
        Returns logits; its mode (dropout on or off) is the caller's choice.
    loss : PerJetLoss
        What the attack raises.
    inputs : Tensor float32 [N, F]
        Scaled inputs.
    missing : Tensor bool [N, F]
        Entries that stand in for something absent.
    label : Tensor int64 [N]
        True flavour.
    rule : BudgetRule
        What may move.
    generator : torch.Generator
        Source of all randomness, on the device of the inputs.
    """

    model: nn.Module
    loss: PerJetLoss
    inputs: Tensor
    missing: Tensor
    label: Tensor
    rule: BudgetRule
    generator: torch.Generator

    def gradient(self) -> Tensor:
        """Input gradient [N, F] at the unperturbed jets."""
        return input_gradient(self.model, self.loss, self.inputs, self.label)

    def budget(self, epsilon: float) -> Budget:
        """Budget of these jets."""
        return self.rule.budget(self.inputs, self.missing, epsilon)
