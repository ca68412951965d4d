"""Passes through the model that attacks and trainings cannot do without, from the catalogues."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from robustag.attacks import AttackDefinition
from robustag.training.catalogue import RECIPES


class Passes(NamedTuple):
    """Passes of each jet: forwards, and backwards to the inputs."""

    forwards: float
    backwards: float


def passes_of(definition: AttackDefinition, epsilons: int) -> Passes:
    """Those of an attack at so many strengths above zero."""
    info, inner = definition.info, [passes_of(one, epsilons) for one in definition.inner]
    often, options = epsilons if info.each_epsilon else 1, {**definition.options, "members": len(inner)}
    return Passes(
        often * _number(info.forward_passes, options) + sum(one.forwards for one in inner),
        often * _number(info.backward_passes, options) + sum(one.backwards for one in inner),
    )


class StepPasses(NamedTuple):
    """Passes of each jet in a step, forwards and back: to the weights, or to the inputs alone."""

    weights: float
    inputs: float


def passes_of_step(recipe: Mapping[str, Any]) -> StepPasses:
    """Those of a recipe, without the passes forwards that teachers make before."""
    info = RECIPES[recipe["name"]]
    weights, together = (_number(says, recipe) for says in (info.to_weights, info.passes))
    inner = passes_of(AttackDefinition.inside(recipe["attack"]), 1).backwards if "attack" in recipe else 0
    return StepPasses(weights, (together - weights + inner) * recipe.get("share", 1.0))


def _number(says: str, options: Mapping[str, Any]) -> float:
    """The value of a catalogue's words, without the passes of attacks inside it."""
    words = re.sub(r"its \w+'s?", "0", says)
    # What stands side by side is a product.
    words = re.sub(r"(?<=\w) (?=[\w(])", " * ", words)
    return eval(words, {"__builtins__": {}}, dict(options))
