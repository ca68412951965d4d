"""Training on attacked jets: any attack of the registry, in any of its budgets, inside the training step."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from robustag.attacks.definition import AttackDefinition
from robustag.attacks.problem import PerJetLoss, Problem
from robustag.attacks.registry import build_attack
from robustag.attacks.rule import BudgetRule
from robustag.draws import Draws
from robustag.errors import InputError
from robustag.models import in_mode
from robustag.options import Count, Positive, Share, Whole
from robustag.training.losses import build_loss
from robustag.training.step import Batch, Moment, Recipe


def adversarial(
    loss: PerJetLoss,
    rule: BudgetRule,
    *,
    attack: AttackDefinition | Mapping[str, Any],
    epsilon: Positive,
    attack_mode: Literal["train", "eval"],
    share: Share = 1.0,
    warm_up: Whole = 0,
    masks: Count = 1,
) -> Recipe:
    """Jets replaced by their image under an attack, made with the current weights.

    Parameters
    ----------
    loss : PerJetLoss
        Raised by the attack, without weights, and lowered by the training, with weights.
    rule : BudgetRule
        What the attack may move.
    attack : AttackDefinition or mapping
        Any attack but ``transfer``, in any budget.
    epsilon : float
        Size of the attack, scaled units.
    attack_mode : str
        "train" attacks with dropout on, as the code of arXiv:2203.13890 does; "eval" with dropout off.
    share : float
        Part of every batch that is attacked; the rest is shown as it is.
    warm_up : int
        Epochs over which epsilon grows in equal steps to its full size.
    masks : int
        With attack_mode "train", dropout masks over which the attack averages what it raises, at so many
        times its cost (expectation over transformations, arXiv:1707.07397); not for attacks of minimal norm.

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
    definition = AttackDefinition.of(attack)
    if definition.needs_source:
        raise InputError(
            "no recipe trains on attack 'transfer', which needs another model: use another attack"
        )
    build = build_attack(definition)
    if masks > 1 and (attack_mode == "eval" or not definition.info.directed):
        raise InputError(
            f"recipe 'adversarial' has {masks} masks: use one, or attack_mode train and an attack that "
            "raises an objective"
        )
    norm = definition.budget.norm
    rule = rule if norm == rule.norm else replace(rule, norm=norm)
    raised = build_loss(definition.loss) if definition.loss else loss

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        size = moment.grown(epsilon, warm_up)
        attacked = max(1, round(share * len(batch.label)))
        inputs, missing, label = (tensor[:attacked] for tensor in batch[:3])
        draws = Draws.of_rows(moment.generator, inputs)
        problem = Problem(model, raised, inputs, missing, label, rule, draws, masks=masks)
        with in_mode(model, training=attack_mode == "train"):
            perturbed = build(problem)(size)
        # The order of the jets is random, so that the first ones are as good as any.
        yield loss(model(torch.cat([perturbed, batch.inputs[attacked:]])), batch.label)

    return step


def noise(loss: PerJetLoss, rule: BudgetRule, *, epsilon: Positive) -> Recipe:
    """Gaussian noise of standard deviation epsilon on every jet: the control that attacks have to beat.

    Only what an attack may move is moved.
    """
    return adversarial(loss, rule, attack={"name": "noise"}, epsilon=epsilon, attack_mode="train")
