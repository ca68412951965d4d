"""From the definition of an attack to the attack."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from robustag.attacks.definition import AttackDefinition
from robustag.attacks.objectives import objective_of
from robustag.attacks.problem import Problem, Spend
from robustag.errors import InputError
from robustag.options import check_numbers
from robustag.registry import with_options


def build_attack(definition: Mapping[str, Any] | AttackDefinition) -> Callable[[Problem], Spend]:
    """The attack that a definition names, its objective, its options and the attacks inside it filled in.

    Raises
    ------
    InputError
        If the attack, its objective or an option is unknown, or an option is missing or out of range.
    """
    parsed = AttackDefinition.of(definition)
    info, options = parsed.info, dict(parsed.options)
    for option in info.options:
        if option.holds and option.name in options:
            several = option.schema["type"] == "array"
            make = _built_all if several else _built
            options[option.name] = make(info.name, option.name, options[option.name])
    if info.directed:
        options.pop("objective", None)
    build = with_options(info.function, options, "attack", "problem")
    check_numbers(f"attack '{info.name}'", info.options, options)
    return _raising(parsed.raises, build) if info.directed else build


def _raising(objective: str, build: Callable[[Problem], Spend]) -> Callable[[Problem], Spend]:
    """The attack on an objective."""
    raised = objective_of(objective)

    def raising(problem: Problem) -> Spend:
        return build(problem if problem.raised is raised else replace(problem, raised=raised))

    return raising


def _built(attack: str, option: str, value: Any) -> Callable[[Problem], Spend]:
    if not isinstance(value, AttackDefinition):
        raise InputError(
            f"attack '{attack}': {value!r} is no definition of an attack: give its name and options as "
            f"{option}, {{name: ...}}"
        )
    return build_attack(value)


def _built_all(attack: str, option: str, values: Any) -> list[Callable[[Problem], Spend]]:
    if not isinstance(values, list | tuple) or not values:
        raise InputError(f"attack '{attack}' has {option} {values!r}: give a list of attacks")
    return [_built(attack, option, value) for value in values]
