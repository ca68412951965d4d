"""Recipes: what a model is shown in one step of its training, and the loss it is judged by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from robustag.attacks import gradient
from robustag.attacks.problem import PerJetLoss, Problem
from robustag.attacks.rule import BudgetRule
from robustag.errors import InputError
from robustag.models import choose, with_options


class Batch(NamedTuple):
    """Jets of one step: inputs float32 [B, F], missing bool [B, F], label int64 [B], weight float32 [B]."""

    inputs: Tensor
    missing: Tensor
    label: Tensor
    weight: Tensor


#: (model in training mode, batch, generator) -> unweighted loss of each jet [B], ready for backward.
Recipe = Callable[[nn.Module, Batch, torch.Generator], Tensor]


def nominal(loss: PerJetLoss, rule: BudgetRule) -> Recipe:
    """The jets as they are."""

    def step(model: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        return loss(model(batch.inputs), batch.label)

    return step


def fgsm(loss: PerJetLoss, rule: BudgetRule, *, epsilon: float, attack_mode: str) -> Recipe:
    """Every jet replaced by its FGSM image, made with the current weights (arXiv:2203.13890).

    Parameters
    ----------
    loss : PerJetLoss
        Raised by the attack, without weights, and lowered by the training, with weights.
    rule : BudgetRule
        What the attack may move.
    epsilon : float
        Size of the attack, scaled units.
    attack_mode : str
        "train" attacks with dropout on, as the paper's code does; "eval" with dropout off.

    Raises
    ------
    InputError
        If the mode is neither, or epsilon is not positive.
    """
    if attack_mode not in ("train", "eval"):
        raise InputError(f"recipe 'fgsm' has attack_mode '{attack_mode}': use train or eval")
    if not epsilon > 0:
        raise InputError(
            f"recipe 'fgsm' has epsilon {epsilon}: give a positive size, or use recipe 'nominal'"
        )

    def step(model: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        model.train(attack_mode == "train")
        problem = Problem(model, loss, batch.inputs, batch.missing, batch.label, rule, generator)
        perturbed = gradient.fgsm(problem)(epsilon)
        model.train()
        return loss(model(perturbed), batch.label)

    return step


@dataclass(frozen=True)
class RecipeInfo:
    """One recipe: its name, the passes of one step, where it was published, and its builder."""

    name: str
    forward_passes: int
    backward_passes: int
    reference: str
    build: Callable[..., Recipe]


RECIPES: dict[str, RecipeInfo] = {
    info.name: info
    for info in (
        RecipeInfo("nominal", 1, 1, "arXiv:2203.13890", nominal),
        RecipeInfo("fgsm", 2, 2, "arXiv:2203.13890", fgsm),
    )
}


def build_recipe(definition: dict, loss: PerJetLoss, rule: BudgetRule) -> Recipe:
    """Recipe that a definition names, e.g. ``{"name": "fgsm", "epsilon": 0.01, "attack_mode": "eval"}``.

    Raises
    ------
    InputError
        If the recipe or an option is unknown or out of range.
    """
    options = {key: value for key, value in definition.items() if key != "name"}
    info = choose(RECIPES, definition.get("name", ""), "recipe")
    return with_options(info.build, options, "recipe", "loss", "rule")(loss, rule)
