"""What an attack is given: jets, the model it is to mislead, and the rule it has to keep."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from robustag.attacks.norms import Metric
from robustag.attacks.relations import Before
from robustag.attacks.rule import Budget, BudgetRule
from robustag.draws import Draws
from robustag.errors import InputError

#: Inputs [N, F] -> logits [N, C]: a module, or a function of one.
Network = Callable[[Tensor], Tensor]

#: (logits [N, C], label int64 [N]) -> loss of each jet [N].
PerJetLoss = Callable[[Tensor, Tensor], Tensor]

#: epsilon -> perturbed inputs [N, F] inside the budget of that epsilon. Every attack is a function
#: ``(problem, **options) -> Spend``: calling it does what no epsilon changes (a gradient, a noise pattern).
Spend = Callable[[float], Tensor]

#: An attack whose options are filled in, as attacks made of others take it.
Attack = Callable[["Problem"], Spend]


def input_gradient(model: Network, loss: PerJetLoss, x: Tensor, label: Tensor) -> Tensor:
    """Gradient [N, F] of each jet's own loss with respect to its inputs.

    The losses are summed, not averaged: the gradient of a jet then does not shrink with N, and tiny
    losses do not underflow. Gradients of the weights are neither computed nor touched. It is what the model
    gives, NaN and infinity included; attacks step along `usable` gradients.

    Raises
    ------
    InputError
        If the loss does not depend on the inputs, as autograd sees it.
    """
    return loss_and_gradient(model, loss, x, label)[1]


def loss_and_gradient(model: Network, loss: PerJetLoss, x: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Loss of each jet [N] and its gradient [N, F], for one forward and one backward pass."""
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        losses = loss(model(x), label)
        return losses.detach(), gradient_of(losses, x)


def gradient_of(losses: Tensor, x: Tensor, *, retain_graph: bool = False) -> Tensor:
    """Gradient [N, F] of each jet's own number `losses` [N] with respect to its inputs `x` [N, F].

    Raises
    ------
    InputError
        If the numbers do not depend on the inputs, as autograd sees it.
    """
    gradient = None
    if losses.requires_grad:
        (gradient,) = torch.autograd.grad(losses.sum(), x, retain_graph=retain_graph, allow_unused=True)
    return led_back(gradient)


def led_back(gradient: Tensor | None) -> Tensor:
    """The gradient that autograd has found.

    Raises
    ------
    InputError
        If it has found none.
    """
    if gradient is None:
        raise InputError(
            "no gradient leads from the loss back to the inputs: look for detach, no_grad or NumPy in the "
            "model and the loss, or use an attack that needs no gradient, such as random_search"
        )
    return gradient


def usable(gradient: Tensor, lost: Tensor | None = None) -> Tensor:
    """The gradient [N, F], zero for each jet that has NaN or infinity in it: such a jet is not moved.

    These jets are marked in `lost`, bool [N]. No value is asked for, so that a GPU need not be waited for.
    """
    # A sum over entries is finite only if all are, and takes one pass; scaled down, none overflows.
    finite = torch.isfinite(gradient @ gradient.new_full(gradient.shape[1:], 1e-30))
    if lost is not None:
        lost.logical_or_(finite.logical_not())
    return torch.where(finite[:, None], gradient, 0.0)


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
        The loss of the model, or the one that is attacked instead.
    inputs : Tensor float32 [N, F]
        Scaled inputs.
    missing : Tensor bool [N, F]
        Entries that stand in for something absent.
    label : Tensor int64 [N]
        True flavour.
    rule : BudgetRule
        What may move.
    draws : Draws
        Source of all randomness, of the keys of these jets.
    sources : tuple of nn.Module
        Other models, for attacks that are crafted on those.
    lost : Tensor bool [N]
        Jets for which the attack met a gradient with NaN or infinity in it, or a loss that is NaN: nothing
        was learnt from either. None of them, unless given.
    raised : PerJetLoss, optional
        What the attack raises (`robustag.attacks.objectives`): the loss unless something else is given.
    masks : int
        Dropout masks over which that is averaged, for a model whose dropout is on: the expectation over
        random transformations of arXiv:1707.07397.
    """

    model: nn.Module
    loss: PerJetLoss
    inputs: Tensor
    missing: Tensor
    label: Tensor
    rule: BudgetRule
    draws: Draws
    sources: tuple[nn.Module, ...] = ()
    lost: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.bool))
    raised: PerJetLoss | None = None
    masks: int = 1

    def __post_init__(self) -> None:
        if not len(self.lost):
            object.__setattr__(self, "lost", torch.zeros_like(self.label, dtype=torch.bool))

    @property
    def objective(self) -> PerJetLoss:
        """What the attack raises."""
        return self.raised or self.loss

    def gradient(self, x: Tensor | None = None) -> Tensor:
        """Usable input gradient [N, F] at `x` [N, F], or at the unperturbed jets, along moves that keep the
        relations of the rule."""
        x = self.inputs if x is None else x
        return self._related(x, input_gradient(*self._averaged, x, self.label))

    def score_and_gradient(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Score [N] (see `score`) and input gradient [N, F] (see `gradient`) at `x` [N, F]."""
        losses, gradient = loss_and_gradient(*self._averaged, x, self.label)
        return self._comparable(losses), self._related(x, gradient)

    def budget(self, epsilon: float) -> Budget:
        """Budget of these jets."""
        return self.rule.budget(self.inputs, self.missing, epsilon, self.label, self._metric, self._before)

    def losses(self, x: Tensor) -> Tensor:
        """Loss of each jet at `x` [N, F], [N], without any gradient."""
        with torch.no_grad():
            return self.loss(self.model(x), self.label)

    def score(self, x: Tensor) -> Tensor:
        """What the attack raises, of each jet at `x` [N, F], for comparisons: NaN, which says nothing, is
        below every number."""
        model, objective = self._averaged
        with torch.no_grad():
            return self._comparable(objective(model(x), self.label))

    def worst(self, candidates: list[Tensor]) -> Tensor:
        """For each jet the candidate [N, F] that raises the objective most, the first of equals, [N, F]."""
        return best_of(candidates, [self.score(x) for x in candidates])

    def normal(self) -> Tensor:
        """Standard normal numbers, one an entry, [N, F]."""
        return self.draws.normal(self.inputs.shape[1], self.inputs.dtype)

    def uniform(self) -> Tensor:
        """Uniform numbers in [0, 1), one an entry, [N, F]."""
        return self.draws.uniform(self.inputs.shape[1], self.inputs.dtype)

    @property
    def _averaged(self) -> tuple[Network, PerJetLoss]:
        """Model and objective, whose values are means over the masks."""
        if self.masks == 1:
            return self.model, self.objective

        def copies(x: Tensor) -> Tensor:
            return self.model(x.repeat(self.masks, 1))

        def mean(logits: Tensor, label: Tensor) -> Tensor:
            each = self.objective(logits, label.repeat(self.masks))
            return each.view(self.masks, -1).mean(dim=0)

        return copies, mean

    def _related(self, x: Tensor, gradient: Tensor) -> Tensor:
        """The gradient [N, F] at `x` where it can be used, along moves that keep relations."""
        gradient = usable(gradient, self.lost)
        relations = self.rule.relations
        return gradient if relations is None else relations.pull(self._before, x, gradient)

    def _comparable(self, losses: Tensor) -> Tensor:
        nothing = losses.isnan()
        self.lost.logical_or_(nothing)
        return losses.masked_fill(nothing, -torch.inf)

    @cached_property
    def _metric(self) -> Metric | None:
        """Mahalanobis metric, which no epsilon changes."""
        return self.rule.metric(self.missing, self.label) if self.rule.norm == "mahalanobis" else None

    @cached_property
    def _before(self) -> Before:
        """Relations of the unperturbed jets, which no epsilon changes."""
        relations = self.rule.relations
        return () if relations is None else relations.before(self.inputs, self.missing)


def best_of(candidates: list[Tensor], losses: list[Tensor]) -> Tensor:
    """For each jet the candidate [N, F] whose loss [N] is largest; the first of equals, and NaN last."""
    best, most = candidates[0], losses[0].masked_fill(losses[0].isnan(), -torch.inf)
    for candidate, loss in zip(candidates[1:], losses[1:], strict=True):
        # False for NaN.
        better = loss > most
        best = torch.where(better[:, None], candidate, best)
        most = torch.where(better, loss, most)
    return best


def check_logits(logits: Tensor, label: Tensor) -> None:
    """Refuse a model that is not what attacks need.

    Raises
    ------
    InputError
        If the outputs are not [N, C] with C above every label, are not finite, or are probabilities.
    """
    if not isinstance(logits, Tensor):
        raise InputError(
            f"the model returns a {type(logits).__name__}: wrap it in a function that returns the logits"
        )
    if logits.ndim != 2 or len(logits) != len(label) or int(label.max()) >= logits.shape[1]:
        raise InputError(
            f"the model returns {tuple(logits.shape)} for labels {tuple(label.shape)} up to "
            f"{int(label.max())}: it has to return one logit per jet and flavour"
        )
    if not bool(torch.isfinite(logits).all()):
        raise InputError("the model returns NaN or infinity for the unperturbed jets: train it again")
    sums = logits.sum(dim=1)
    if bool((logits >= 0).all()) and torch.allclose(sums, torch.ones_like(sums), rtol=0, atol=1e-4):
        raise InputError(
            "the model returns probabilities (rows of non-negative numbers that sum to 1): give the logits, "
            "that is, the model without its softmax"
        )


def check_losses(losses: Tensor, label: Tensor) -> None:
    """Refuse a loss that is not one number per jet.

    Raises
    ------
    InputError
        If it is something else, such as the mean over the jets.
    """
    if not isinstance(losses, Tensor) or losses.shape != label.shape:
        found = tuple(losses.shape) if isinstance(losses, Tensor) else f"a {type(losses).__name__}"
        raise InputError(
            f"the loss gives {found} for {len(label)} jets: it has to give one number per jet "
            '(reduction="none" for losses of torch)'
        )
