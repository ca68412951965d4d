"""The budget that a recipe trains in, from its definition alone."""

from collections.abc import Mapping
from typing import Any

from robustag.attacks.definition import AttackDefinition, BudgetSettings


def training_budget(recipe: Mapping[str, Any], relative_cap: float | None) -> BudgetSettings:
    """Budget of a recipe's attack: the study's cap, and what the attack says of its own."""
    study = {"relative_cap": relative_cap, "physical": False, "frozen": ()}
    attack = recipe.get("attack")
    return AttackDefinition.of(attack, study).budget if attack else BudgetSettings.of(study)
