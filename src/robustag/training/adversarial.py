"""Training on attacked jets: any attack of the registry, in any of its budgets, inside the training step."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module

import torch
from torch import Tensor, nn

from robustag.attacks.problem import PerJetLoss, Problem
from robustag.attacks.rule import BudgetRule
from robustag.errors import InputError
from robustag.models import in_mode
from robustag.training.losses import build_loss
from robustag.training.step import Batch, Moment, Recipe

#: Keys of the attack's definition that say in which budget it is made (see `budget_options`).
_BUDGET = ("factors", "frozen", "physical")


def adversarial(
    loss: PerJetLoss,
    rule: BudgetRule,
    *,
    attack: dict,
    epsilon: float,
    attack_mode: str,
    share: float = 1.0,
    warm_up: int = 0,
) -> Recipe:
    """Jets replaced by their image under an attack, made with the current weights.

    Parameters
    ----------
    loss : PerJetLoss
        Raised by the attack, without weights, and lowered by the training, with weights.
    rule : BudgetRule
        What the attack may move.
    attack : dict
        ``name`` of an attack of the registry, its options, and where wanted ``norm`` and ``loss`` instead of
        its own.
    epsilon : float
        Size of the attack, scaled units.
    attack_mode : str
        "train" attacks with dropout on, as the code of arXiv:2203.13890 does; "eval" with dropout off.
    share : float
        Part of every batch that is attacked; the rest is shown as it is.
    warm_up : int
        Epochs over which epsilon grows in equal steps to its full size.

    Raises
    ------
    InputError
        If the attack or an option is unknown, the mode is neither, or a number is out of range.
    """
    if attack_mode not in ("train", "eval"):
        raise InputError(f"recipe 'adversarial' has attack_mode '{attack_mode}': use train or eval")
    if not epsilon > 0:
        raise InputError(
            f"recipe 'adversarial' has epsilon {epsilon}: give a positive size, or use recipe 'nominal'"
        )
    if not 0 < share <= 1:
        raise InputError(f"recipe 'adversarial' has share {share}: give a part of the batch in (0, 1]")
    if attack.get("name") == "transfer":
        raise InputError(
            "no recipe trains on attack 'transfer', which needs another model: use another attack"
        )
    others = (*_BUDGET, "norm", "loss")
    # Looked up by name, for then the fingerprint of a training can follow its own attack and no other.
    registry = import_module("robustag.attacks.registry")
    info, build = registry.build_attack({key: attack[key] for key in attack if key not in others})
    norm = attack.get("norm", info.norm)
    rule = rule if norm == rule.norm else replace(rule, norm=norm)
    raised = build_loss(attack["loss"]) if "loss" in attack else loss

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        size = epsilon * min(1.0, (moment.epoch + 1) / (warm_up + 1))
        attacked = max(1, round(share * len(batch.label)))
        inputs, missing, label = (tensor[:attacked] for tensor in batch[:3])
        with in_mode(model, training=attack_mode == "train"):
            perturbed = build(Problem(model, raised, inputs, missing, label, rule, moment.generator))(size)
        # The order of the jets is random, so that the first ones are as good as any.
        yield loss(model(torch.cat([perturbed, batch.inputs[attacked:]])), batch.label)

    return step


def named(attack: str) -> Callable[..., Recipe]:
    """The recipe that goes by the name of its attack, with the options of both side by side."""

    def build(
        loss: PerJetLoss,
        rule: BudgetRule,
        *,
        epsilon: float,
        attack_mode: str,
        share: float = 1.0,
        warm_up: int = 0,
        **options: float,
    ) -> Recipe:
        return adversarial(
            loss,
            rule,
            attack={"name": attack, **options},
            epsilon=epsilon,
            attack_mode=attack_mode,
            share=share,
            warm_up=warm_up,
        )

    build.__name__ = attack
    return build


def noise(loss: PerJetLoss, rule: BudgetRule, *, epsilon: float) -> Recipe:
    """Gaussian noise of standard deviation epsilon on every jet: the control that attacks have to beat.

    Only what an attack may move is moved.
    """
    return adversarial(loss, rule, attack={"name": "noise"}, epsilon=epsilon, attack_mode="train")


def budget_options(recipe: dict) -> dict:
    """What the definition of a recipe asks of its `BudgetRule`: factors, frozen, physical."""
    attack = recipe.get("attack", {})
    return {key: attack[key] for key in _BUDGET if key in attack}
