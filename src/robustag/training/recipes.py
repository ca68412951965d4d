"""From the definition of a recipe to what a model is shown in one step of its training."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from robustag.attacks.problem import PerJetLoss
from robustag.attacks.rule import BudgetRule
from robustag.registry import choose, options_in, with_options
from robustag.training.step import Recipe


def build_recipe(definition: Mapping[str, Any], loss: PerJetLoss, rule: BudgetRule) -> Recipe:
    """Recipe that a definition names, e.g. ``{"name": "fgsm", "epsilon": 0.01, "attack_mode": "eval"}``.

    Raises
    ------
    InputError
        If the recipe or an option is unknown or out of range.
    """
    # Imported by name: a training depends on the entry and the module of its own recipe, whose fingerprint
    # the rule carries, and on no other.
    catalogue = import_module("robustag.training.catalogue").RECIPES
    info = choose(catalogue, definition.get("name", ""), "recipe")
    options = info.whole(options_in(definition))
    return with_options(info.function, options, "recipe", "loss", "rule")(loss, rule)
