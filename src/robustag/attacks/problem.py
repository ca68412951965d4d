"""What an attack is given: jets, the model it is to mislead, and the rule it has to keep."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from robustag.attacks.budget import Budget
from robustag.attacks.norms import Metric
from robustag.attacks.rule import BudgetRule
from robustag.errors import InputError

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
    return loss_and_gradient(model, loss, x, label)[1]


def loss_and_gradient(model: nn.Module, loss: PerJetLoss, x: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Loss of each jet [N] and its gradient [N, F], for one forward and one backward pass."""
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        losses = loss(model(x), label)
        gradient = torch.autograd.grad(losses.sum(), x)[0]
    return losses.detach(), gradient


def logit_margin(logits: Tensor, label: Tensor) -> Tensor:
    """Largest logit of a wrong flavour minus that of the true one, [N]: positive where a jet is misread."""
    true = logits.gather(1, label[:, None])[:, 0]
    return logits.scatter(1, label[:, None], -torch.inf).amax(dim=1) - true


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
    sources : tuple of nn.Module
        Other models, for attacks that are crafted on those.
    """

    model: nn.Module
    loss: PerJetLoss
    inputs: Tensor
    missing: Tensor
    label: Tensor
    rule: BudgetRule
    generator: torch.Generator
    sources: tuple[nn.Module, ...] = ()

    def gradient(self) -> Tensor:
        """Input gradient [N, F] at the unperturbed jets."""
        return input_gradient(self.model, self.loss, self.inputs, self.label)

    def budget(self, epsilon: float) -> Budget:
        """Budget of these jets."""
        return self.rule.budget(self.inputs, self.missing, epsilon, self.label, self._metric)

    def losses(self, x: Tensor) -> Tensor:
        """Loss of each jet at `x` [N, F], [N], without any gradient."""
        with torch.no_grad():
            return self.loss(self.model(x), self.label)

    def normal(self) -> Tensor:
        """Standard normal numbers, one an entry, [N, F]."""
        x = self.inputs
        return torch.randn(x.shape, generator=self.generator, device=x.device, dtype=x.dtype)

    def uniform(self) -> Tensor:
        """Uniform numbers in [0, 1), one an entry, [N, F]."""
        x = self.inputs
        return torch.rand(x.shape, generator=self.generator, device=x.device, dtype=x.dtype)

    @cached_property
    def _metric(self) -> Metric | None:
        """Inverse covariances, which no epsilon changes."""
        if self.rule.norm != "mahalanobis":
            return None
        scale = self.rule.scale.masked_fill(self.rule.integer, 0.0)
        movable = self.missing.logical_not() & (scale > 0)
        return Metric.of(scale[:, None] * self.rule.spread * scale, self.label, movable)


def best_of(candidates: list[Tensor], losses: list[Tensor]) -> Tensor:
    """For each jet the candidate [N, F] whose loss [N] is largest; the first of equals."""
    best = torch.stack(losses).argmax(dim=0)
    return torch.stack(candidates)[best, torch.arange(len(best), device=best.device)]


def check_logits(logits: Tensor, label: Tensor) -> None:
    """Refuse a model that is not what attacks need.

    Raises
    ------
    InputError
        If the outputs are not [N, C] with C above every label, are not finite, or are probabilities.
    """
    if logits.ndim != 2 or len(logits) != len(label) or int(label.max()) >= logits.shape[1]:
        raise InputError(
            f"the model returns {tuple(logits.shape)} for labels {tuple(label.shape)} up to "
            f"{int(label.max())}: it has to return one logit a jet and flavour"
        )
    if not bool(torch.isfinite(logits).all()):
        raise InputError("the model returns NaN or infinity for the unperturbed jets: train it again")
    sums = logits.sum(dim=1)
    if bool((logits >= 0).all()) and torch.allclose(sums, torch.ones_like(sums), rtol=0, atol=1e-4):
        raise InputError(
            "the model returns probabilities (rows of non-negative numbers that sum to 1): give the logits, "
            "that is, the model without its softmax"
        )
