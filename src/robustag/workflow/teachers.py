"""Which models a training learns from."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from robustag.registry import unknown


def teachers_of(config: Mapping[str, Any], model: str) -> list[str]:
    """The models whose finished trainings the training of a model needs."""
    return list(config["models"][model]["recipe"].get("teachers", ()))


def lineage(config: Mapping[str, Any], model: str) -> list[str]:
    """A model, its teachers, theirs and so on, each once."""
    found: dict[str, None] = {}
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = None
            waiting += teachers_of(config, one)
    return list(found)


def seen_variations(config: Mapping[str, Any], model: str) -> set[str]:
    """Variations that were shown in the training of a model, or of one that it descends from."""
    recipes = (config["models"][name]["recipe"] for name in lineage(config, model))
    return {variation for recipe in recipes for variation in recipe.get("variations", ())}


def teacher_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Teachers that do not exist, or that learn from their own students."""
    students = {model: teachers_of(config, model) for model in config["models"]}
    for model, teachers in students.items():
        for name in teachers:
            if name not in students:
                yield f"models.{model}.recipe.teachers: {unknown(students, name, 'model')}"
    try:
        TopologicalSorter(students).prepare()
    except CycleError as error:
        circle = error.args[1]
        yield (
            f"models.{circle[-1]}.recipe.teachers: {' teaches '.join(circle)}, "
            "and none can be trained first: take one of them out"
        )
