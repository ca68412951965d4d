"""How close each attack comes to the best of several, against the passes through the model that it takes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
import torch
from torch import Tensor, nn

from robustag.attacks import AttackDefinition, BudgetRule, build_attack
from robustag.attacks.objectives import OBJECTIVES
from robustag.attacks.problem import PerJetLoss, Problem, logit_margin
from robustag.attacks.rule import Budget
from robustag.draws import Draws
from robustag.models import in_mode

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

COLUMNS = ["attack", "measure", "passes", "reached", "share"]


def _misread(logits: Tensor, label: Tensor) -> Tensor:
    return (logit_margin(logits, label) > 0).to(logits.dtype)


#: What attacks are measured by: each objective of theirs, and whether a jet is misread.
MEASURES: dict[str, PerJetLoss] = {"misread": _misread, **OBJECTIVES}


class Watched(nn.Module):
    """A model that counts its passes and keeps, for each jet, the most harmful point of a budget so far.

    Parameters
    ----------
    model : Module
        Returns logits.
    budget : Budget
        Points outside of it count as passes alone: attacks of minimal norm look beyond.
    label : Tensor int64 [N]
        Of the jets, which are asked all at once.
    measures : mapping
        (logits, label) to a number of each jet, by name.

    Attributes
    ----------
    passes : int
        Forward and backward passes so far.
    history : list of (int, dict)
        Passes after each forward pass, and the largest number of each jet until then, by measure.
    """

    def __init__(
        self, model: nn.Module, budget: Budget, label: Tensor, measures: Mapping[str, PerJetLoss]
    ) -> None:
        super().__init__()
        self.model, self._budget, self._label, self._measures = model, budget, label, measures
        self.passes = 0
        self.history: list[tuple[int, dict[str, Tensor]]] = []

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N, C] of `x` [N, F]."""
        logits = self.model(x)
        self.passes += 1
        if logits.requires_grad:
            logits.register_hook(self._count)
        seen, inside = logits.detach(), ~self._budget.outside(x.detach()).any(dim=1)
        found = {}
        for name, measure in self._measures.items():
            value = measure(seen, self._label).masked_fill(~inside, -torch.inf)
            found[name] = torch.maximum(value, self.history[-1][1][name]) if self.history else value
        self.history.append((self.passes, found))
        return logits

    def _count(self, gradient: Tensor) -> None:
        self.passes += 1


def optimality(
    model: nn.Module,
    loss: PerJetLoss,
    jets: "JetTensors",
    attacks: Mapping[str, tuple[AttackDefinition, BudgetRule]],
    epsilon: float,
    measures: list[str],
    seed: int,
) -> pd.DataFrame:
    """Each attack's way to the best that all of them find, jet by jet, on the same jets.

    After the optimality of AttackBench (arXiv:2404.19460): the best of all attacks stands for the truth,
    which it does not exceed. What an attack ends with is asked for in one more pass, as its user would.

    Parameters
    ----------
    model, loss
        The tagger, and what attacks on the loss raise.
    jets : JetTensors
    attacks : mapping
        Definition and rule of each attack, by name; none that needs another model.
    epsilon : float
        Strength of all.
    measures : list of str
        Of `MEASURES`.
    seed : int
        Of random attacks.

    Returns
    -------
    DataFrame
        ``attack``, ``measure``, ``passes`` (forward and backward ones count one each), ``reached`` (mean over
        jets of the largest value until then) and ``share`` (its rise over that of the best of all attacks).
    """
    chosen = {name: MEASURES[name] for name in measures}
    histories = {}
    with in_mode(model, training=False):
        for name, (definition, rule) in attacks.items():
            draws = Draws(seed, jets.key)
            budget = rule.budget(jets.inputs, jets.missing, epsilon, jets.label)
            watched = Watched(model, budget, jets.label, chosen)
            problem = Problem(watched, loss, jets.inputs, jets.missing, jets.label, rule, draws)
            end = build_attack(definition)(problem)(epsilon)
            with torch.no_grad():
                watched(end)
            histories[name] = watched.history
        with torch.no_grad():
            logits = model(jets.inputs)
    rows = []
    for measure, number in chosen.items():
        start = number(logits, jets.label).double()
        ends = [history[-1][1][measure] for history in histories.values()]
        most = float((torch.stack(ends).double().amax(dim=0) - start).mean())
        for name, history in histories.items():
            for passes, found in history:
                reached = torch.maximum(found[measure].double(), start)
                rise = float((reached - start).mean())
                rows.append((name, measure, passes, float(reached.mean()), rise / most if most else 1.0))
    return pd.DataFrame(rows, columns=COLUMNS)
