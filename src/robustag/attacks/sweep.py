"""One attack at many epsilons, for the price of one where the attack allows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from robustag.attacks.definition import AttackDefinition
from robustag.attacks.problem import PerJetLoss, Problem, check_logits, check_losses
from robustag.attacks.registry import build_attack
from robustag.attacks.rule import BudgetRule
from robustag.errors import InputError

_PROBE = 256


class Sweep:
    """An attack prepared on some jets; calling it with an epsilon perturbs them.

    Gradient, noise or shortest way are computed when it is made, and serve every epsilon.

    Parameters
    ----------
    definition : AttackDefinition or mapping
        The attack, as parsed or as a configuration has it, and its norm. What else it says of the budget, of
        loss, jets and source is for whoever makes `rule`, `loss`, the jets and `sources`.
    model : nn.Module
        Returns logits; in evaluation mode, or its dropout disturbs the gradient.
    loss : PerJetLoss
        What a white-box attack raises.
    inputs, missing, label : Tensor float32 [N, F], bool [N, F], int64 [N]
        The jets, on the device of model and rule.
    rule : BudgetRule
        What may move.
    seed : int
        Of random attacks; the same seed gives the same pattern for every model.
    chunk : int
        Jets at a time, so that activations stay in the cache of a CPU core: 2048 for each thread are fastest,
        and all jets on a GPU. A multiple of 16, for then the random pattern of noise does not depend on it.
    sources : tuple of nn.Module
        Models to craft on, for attack "transfer".

    Raises
    ------
    InputError
        If the attack or an option is unknown, a shape wrong, an input not finite, the model returns no
        logits, the loss not one number per jet, or nothing may move.
    """

    def __init__(
        self,
        definition: AttackDefinition | Mapping[str, Any],
        model: nn.Module,
        loss: PerJetLoss,
        inputs: Tensor,
        missing: Tensor,
        label: Tensor,
        rule: BudgetRule,
        *,
        seed: int,
        chunk: int = 2048,
        sources: tuple[nn.Module, ...] = (),
    ) -> None:
        self.definition = AttackDefinition.of(definition)
        attack = build_attack(self.definition)
        rule = replace(rule, norm=self.definition.budget.norm)
        _check(model, loss, inputs, missing, label, rule)
        self._seed = seed
        self._generator = torch.Generator(inputs.device).manual_seed(seed)
        size = max(1, len(inputs)) if self.definition.whole_sample else chunk
        batches = zip(inputs.split(size), missing.split(size), label.split(size), strict=True)
        self.problems = [Problem(model, loss, *batch, rule, self._generator, sources) for batch in batches]
        _check_movable(self.problems, self.definition)
        self._spends = [attack(problem) for problem in self.problems]

    def __call__(self, epsilon: float) -> Tensor:
        """The perturbed jets [N, F]; the inputs themselves at epsilon = 0.

        Raises
        ------
        InputError
            If epsilon is negative.
        """
        if not epsilon >= 0:
            raise InputError(f"epsilon is {epsilon}: give a size, 0 or larger")
        if epsilon == 0:
            return torch.cat([problem.inputs for problem in self.problems])
        # What is drawn while spending does not depend on the epsilons before.
        self._generator.manual_seed(self._seed)
        return torch.cat([spend(epsilon) for spend in self._spends])


def sweep(
    definition: AttackDefinition | Mapping[str, Any],
    model: nn.Module,
    loss: PerJetLoss,
    inputs: Tensor,
    missing: Tensor,
    label: Tensor,
    rule: BudgetRule,
    epsilons: Sequence[float],
    *,
    seed: int,
    chunk: int = 2048,
    sources: tuple[nn.Module, ...] = (),
) -> Iterator[tuple[float, Tensor]]:
    """Perturb all jets at each epsilon in turn: pairs of epsilon and what `Sweep`, with these parameters,
    gives for it."""
    if any(not epsilon >= 0 for epsilon in epsilons):
        raise InputError(f"epsilons {list(epsilons)} hold a negative one: give sizes, 0 or larger")
    prepared = Sweep(
        definition, model, loss, inputs, missing, label, rule, seed=seed, chunk=chunk, sources=sources
    )
    for epsilon in epsilons:
        yield epsilon, prepared(epsilon)


def _check(
    model: nn.Module, loss: PerJetLoss, inputs: Tensor, missing: Tensor, label: Tensor, rule: BudgetRule
) -> None:
    """Refuse what would give wrong numbers silently."""
    fits = inputs.ndim == 2 and inputs.shape == missing.shape and len(inputs) == len(label)
    if not fits or inputs.shape[1] != len(rule.scale):
        raise InputError(
            f"inputs {tuple(inputs.shape)}, missing {tuple(missing.shape)}, label {tuple(label.shape)} and a "
            f"budget of {len(rule.scale)} features do not fit: take all from one data set"
        )
    if len(inputs) == 0:
        raise InputError("there are no jets to attack: use a larger sample")
    if not bool(torch.isfinite(inputs).all()):
        raise InputError("the inputs to attack hold NaN or infinity: clean and scale them first")
    with torch.no_grad():
        logits = model(inputs[:_PROBE])
        check_logits(logits, label[:_PROBE])
        check_losses(loss(logits, label[:_PROBE]), label[:_PROBE])


def _check_movable(problems: list[Problem], definition: AttackDefinition) -> None:
    """Refuse a budget that freezes everything."""
    for problem in problems:
        rule = replace(problem.rule, norm="none")
        envelope = rule.budget(problem.inputs, problem.missing, torch.inf)
        counts = definition.moves_integers and (~problem.missing & rule.integer).any()
        if counts or bool(envelope.movable.any()):
            return
    raise InputError("the budget freezes every input of every jet: let something move")
