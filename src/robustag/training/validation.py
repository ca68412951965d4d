"""How a model stands after an epoch: on the validation jets as they are, and attacked."""

import logging
import math
from dataclasses import dataclass
from operator import itemgetter

import torch
from torch import Tensor, nn

from robustag.attacks.gradient import fgsm
from robustag.attacks.iterated import ascend
from robustag.attacks.problem import PerJetLoss, Problem
from robustag.attacks.rule import BudgetRule
from robustag.classes import LIGHT, B, C
from robustag.draws import Draws
from robustag.memory import jets_at_a_time
from robustag.models import in_mode
from robustag.training.auc import auc
from robustag.training.step import Batch

_log = logging.getLogger(__name__)
_ON_CPU, _ON_GPU = 2048, 2**18
_PGD_STEPS, _PGD_RATE = 10, 2.5
#: Below this share of what many steps reach, one step no longer says how robust a model is.
_OVERFITTED = 0.5


@dataclass(frozen=True)
class Validation:
    """Validation jets, and how they are attacked: the same for every recipe.

    Attributes
    ----------
    jets : Batch
        On the device of the model, with the weights that they are measured with: those of their events.
    loss : PerJetLoss
        Of the training.
    rule : BudgetRule
        What FGSM may move.
    epsilon : float
        Its size, scaled units.
    monitored : int
        Jets on which FGSM is compared with PGD.
    """

    jets: Batch
    loss: PerJetLoss
    rule: BudgetRule
    epsilon: float
    monitored: int

    def __call__(self, model: nn.Module) -> dict[str, float]:
        """Mean loss and two AUCs of the clean and of the attacked jets, dropout off.

        The discriminators are Pb/(Pb+Pl) on b and light jets and Pc/(Pc+Pl) on c and light jets.
        ``one_step_share`` is the rise of the mean loss by FGSM over that by PGD: close to 1 where the loss is
        smooth, it falls to 0 by catastrophic overfitting (arXiv:2001.03994), when a model has learnt to stand
        single steps alone; there is a warning then. Every part of the model keeps its mode.
        """
        with in_mode(model, training=False):
            return self._measured(model)

    def _measured(self, model: nn.Module) -> dict[str, float]:
        size = jets_at_a_time(self.jets.inputs.device, _ON_CPU, _ON_GPU)
        starts = range(0, len(self.jets.label), size)
        chunks = [self.jets.each(itemgetter(slice(start, start + size))) for start in starts]
        with torch.no_grad():
            clean = torch.cat([model(chunk.inputs) for chunk in chunks])
        attacked = torch.cat([self._attacked(model, chunk) for chunk in chunks])
        return {
            **self._row("validation", clean),
            **self._row("adversarial", attacked),
            "one_step_share": self._one_step_share(model, clean, attacked),
        }

    def _attacked(self, model: nn.Module, chunk: Batch) -> Tensor:
        """Logits of the jets under FGSM."""
        perturbed = fgsm(self._problem(model, chunk))(self.epsilon)
        with torch.no_grad():
            return model(perturbed)

    def _problem(self, model: nn.Module, jets: Batch) -> Problem:
        # Neither FGSM nor PGD from the jet itself draws anything.
        draws = Draws.of_rows(0, jets.inputs)
        return Problem(model, self.loss, jets.inputs, jets.missing, jets.label, self.rule, draws)

    def _row(self, name: str, logits: Tensor) -> dict[str, float]:
        label = self.jets.label
        weight = self.jets.weight
        row = {f"{name}_loss": ((self.loss(logits, label) * weight).sum() / weight.sum()).item()}
        for pair, signal in (("bvl", B), ("cvl", C)):
            chosen = (label == signal) | (label == LIGHT)
            # A difference of logits ranks jets as the ratio of probabilities does.
            score = (logits[:, signal] - logits[:, LIGHT])[chosen]
            row[f"{name}_auc_{pair}"] = auc(score, label[chosen] == signal, weight[chosen])
        return row

    def _one_step_share(self, model: nn.Module, clean: Tensor, attacked: Tensor) -> float:
        rows = slice(None, None, max(1, len(self.jets.label) // self.monitored))
        jets = self.jets.each(itemgetter(rows))
        problem = self._problem(model, jets)
        budget = problem.budget(self.epsilon)
        worst = problem.losses(ascend(problem, budget, jets.inputs, _PGD_STEPS, _PGD_RATE))
        before, once = (self.loss(logits[rows], jets.label) for logits in (clean, attacked))
        rise = (worst - before).mean().item()
        share = (once - before).mean().item() / rise if rise > 0 else math.nan
        if share < _OVERFITTED:
            _log.warning(
                "catastrophic overfitting: one step raises the loss by %.0f %% of what %d steps do",
                100 * share,
                _PGD_STEPS,
            )
        return share
