"""One attack at many epsilons, for the price of one where the attack allows it."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from robustag.attacks.definition import AttackDefinition
from robustag.attacks.problem import PerJetLoss, Problem, Spend, check_logits, check_losses
from robustag.attacks.registry import build_attack
from robustag.attacks.rule import BudgetRule
from robustag.draws import Draws
from robustag.errors import InputError
from robustag.memory import CHUNK, Place, within_memory

T = TypeVar("T")
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
        The jets.
    rule : BudgetRule
        What may move, on the device of the model, where jets are perturbed.
    seed : int
        Of random attacks; the same seed gives the same pattern for every model.
    key : Tensor int64 [N], optional
        What tells the jets apart (`JetTensors.key`): the random numbers of a jet follow from it and the seed
        alone. Its row by default.
    chunk : int, optional
        Jets at a time. By default all on a GPU, and on a CPU 2048, whose activations stay in the cache of a
        core. Where a GPU has no memory for them they become fewer, and at last the CPU takes over; a line of
        the log says so.
    sources : tuple of nn.Module
        Models to craft on, for attack "transfer".

    Attributes
    ----------
    jets : tuple of Tensor
        Inputs, missing entries and flavours of all jets, as they were given.
    problems : list of Problem
        The jets in the chunks of now; `within_memory` keeps them.

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
        key: Tensor | None = None,
        chunk: int | None = None,
        sources: tuple[nn.Module, ...] = (),
    ) -> None:
        self.definition = AttackDefinition.of(definition)
        self._attack = build_attack(self.definition)
        self._rule = replace(rule, norm=self.definition.budget.norm)
        _check_shapes(inputs, missing, label, rule)
        self._models, self._loss, self._seed = (model, *sources), loss, seed
        self.jets = inputs, missing, label
        self._key = torch.arange(len(inputs)) if key is None else key
        self.problems: list[Problem] = []
        self._spends: list[Spend] = []
        self._prepared: Place | None = None
        self._lost = torch.zeros(len(inputs), dtype=torch.bool)
        self._place = self._first_place(chunk)
        self.within_memory(lambda problems: None)

    def __call__(self, epsilon: float) -> Tensor:
        """The perturbed jets [N, F], on the device of the rule unless its memory is too small; the inputs
        themselves at epsilon = 0.

        Raises
        ------
        InputError
            If epsilon is negative.
        """
        if not epsilon >= 0:
            raise InputError(f"epsilon is {epsilon}: give a size, 0 or larger")

        def perturbed(problems: list[Problem]) -> Tensor:
            if epsilon == 0:
                return torch.cat([problem.inputs for problem in problems])
            for problem in problems:
                # What is drawn while spending does not depend on the epsilons before.
                problem.draws.restart()
            sizes = [len(problem.inputs) for problem in problems]
            moved = problems[0].inputs.new_empty(sum(sizes), problems[0].inputs.shape[1])
            # Chunk by chunk into its place: all chunks and their concatenation would be the jets twice.
            for part, spend in zip(moved.split(sizes), self._spends, strict=True):
                part.copy_(spend(epsilon))
            return moved

        return self.within_memory(perturbed)

    def within_memory(self, work: Callable[[list[Problem]], T]) -> T:
        """What `work` makes of the problems, in chunks as large as memory allows."""

        def attempt(place: Place) -> T:
            if place != self._prepared:
                self._prepare(place)
            return work(self.problems)

        found, self._place = within_memory(attempt, self._place)
        return found

    def _first_place(self, chunk: int | None) -> Place:
        device, jets = self._rule.scale.device, len(self._key)
        if self.definition.whole_sample:
            return Place(device, jets, jets)
        return Place.of(device, jets, CHUNK, chunk)

    def _prepare(self, place: Place) -> None:
        """Make the problems of a place, and do what no epsilon changes."""
        if self._prepared is not None:
            self._lost = torch.cat([problem.lost.cpu() for problem in self.problems])
        # Room first.
        self.problems, self._spends, self._prepared = [], [], None
        rule, models = self._rule, self._models
        if place.device != rule.scale.device:
            # Others may go on with the models where they are.
            rule, models = rule.to(place.device), tuple(copy.deepcopy(m).to(place.device) for m in models)
        columns = (*self.jets, self._key, self._lost)
        for chunk in zip(*(column.split(place.chunk) for column in columns), strict=True):
            inputs, missing, label, key, known = (part.to(place.device) for part in chunk)
            draws = Draws(self._seed, key)
            case = inputs, missing, label, rule, draws
            self.problems.append(Problem(models[0], self._loss, *case, sources=models[1:], lost=known))
        _check_model(self.problems[0])
        _check_movable(self.problems, self.definition)
        self._spends = [self._attack(problem) for problem in self.problems]
        self._prepared = place


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
    key: Tensor | None = None,
    chunk: int | None = None,
    sources: tuple[nn.Module, ...] = (),
) -> Iterator[tuple[float, Tensor]]:
    """Perturb all jets at each epsilon in turn: pairs of epsilon and what `Sweep`, with these parameters,
    gives for it."""
    if any(not epsilon >= 0 for epsilon in epsilons):
        raise InputError(f"epsilons {list(epsilons)} hold a negative one: give sizes, 0 or larger")
    prepared = Sweep(
        definition,
        model,
        loss,
        inputs,
        missing,
        label,
        rule,
        seed=seed,
        key=key,
        chunk=chunk,
        sources=sources,
    )
    for epsilon in epsilons:
        yield epsilon, prepared(epsilon)


def _check_shapes(inputs: Tensor, missing: Tensor, label: Tensor, rule: BudgetRule) -> None:
    """Refuse jets that do not belong together, or have no numbers."""
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


def _check_model(problem: Problem) -> None:
    """Refuse a model or a loss that would give wrong numbers silently."""
    label = problem.label[:_PROBE]
    with torch.no_grad():
        logits = problem.model(problem.inputs[:_PROBE])
        check_logits(logits, label)
        check_losses(problem.loss(logits, label), label)


def _check_movable(problems: list[Problem], definition: AttackDefinition) -> None:
    """Refuse a budget that freezes everything."""
    for problem in problems:
        rule = replace(problem.rule, norm="none", relations=None)
        envelope = rule.budget(problem.inputs, problem.missing, torch.inf)
        counts = definition.moves_integers and (~problem.missing & rule.integer).any()
        if counts or bool(envelope.movable.any()):
            return
    raise InputError("the budget freezes every input of every jet: let something move")
