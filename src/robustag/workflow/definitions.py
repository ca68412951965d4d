"""What definitions say of formats, networks, attacks and recipes, checked against the functions they name.

The functions are read from their source: no torch before a job starts.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any

from robustag.attacks.catalogue import ATTACKS
from robustag.attacks.definition import RELATED_NORMS, SHARED_KEYS, AttackDefinition
from robustag.errors import InputError
from robustag.options import Option, constants_of, options_of, source_of
from robustag.readers.conditions import Condition
from robustag.readers.labels import LabelMap
from robustag.registry import options_in, unknown
from robustag.training.catalogue import RECIPES, attacks_of
from robustag.workflow.configuration import value_faults
from robustag.workflow.sources import READERS, formats, reader_options

_NETWORKS = "robustag.models.networks"
# What the attack of a recipe may say beside its options.
_OF_TRAINING = frozenset({"factors", "frozen", "loss", "norm", "physical"})


def definition_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the definitions of a configuration that follows the schema."""
    for name, sample in config["samples"].items():
        if "format" in sample:
            yield from format_faults(f"samples.{name}", sample)
    for name, model in config["models"].items():
        faults = [
            *network_faults(f"models.{name}.network", model["network"]),
            *recipe_faults(f"models.{name}.recipe", model["recipe"]),
        ]
        yield from faults or _faults_together(f"models.{name}", model)
    for name, definition in config["attacks"].items():
        faults = [*attack_faults(f"attacks.{name}", definition, SHARED_KEYS)]
        yield from faults or _budget_faults(f"attacks.{name}", definition)
    yield from _faults_without_source("transfer.attack", config["transfer"]["attack"])
    for place, definition in enumerate(config["certificates"]["attacks"]):
        yield from _faults_without_source(f"certificates.attacks.{place}", definition)


def format_faults(place: str, sample: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a sample that is given as files: no such format, or other options than it takes.

    Parameters
    ----------
    place : str
        Where in the configuration it stands.
    sample : mapping
        ``format``, the options of its reader, and what every such sample may say beside.
    """
    name = sample["format"]
    options = options_of(f"{READERS}.{name}", "read") if name in formats() else None
    mend = f"{', '.join(formats())}, or add src/robustag/readers/{name}.py with functions count and read"
    yield from _function_faults(place, f"format '{name}'", options, reader_options(sample), mend)
    if (where := sample.get("select", {}).get("where")) is not None:
        try:
            Condition(where)
        except InputError as error:
            yield f"{place}.select.where: {error}"
    try:
        LabelMap.parse(sample.get("labels", {}))
    except InputError as error:
        yield f"{place}.{error}"


def network_source(name: str) -> Path:
    """The module in which a network is defined."""
    return source_of(f"{_NETWORKS}.{name}")


def is_certifiable(name: str) -> bool:
    """Whether the module of a network says that bounds on its outputs can be proven."""
    return constants_of(f"{_NETWORKS}.{name}").get("CERTIFIABLE", False)


def network_faults(place: str, network: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the network of a model: it does not exist, or its builder takes other options.

    Parameters
    ----------
    place : str
        Where in the configuration it stands.
    network : mapping
        ``name`` of a module of `robustag.models.networks`, and the options of its builder.
    """
    name = network["name"]
    known = sorted(file.stem for file in network_source(name).parent.glob("[a-z]*.py"))
    mend = f"{', '.join(known)}, or add src/robustag/models/networks/{name}.py with a function {name}"
    options = options_of(f"{_NETWORKS}.{name}", name)
    yield from _function_faults(place, f"network '{name}'", options, options_in(network), mend)


def attack_faults(
    place: str, definition: Mapping[str, Any], shared: frozenset[str] = frozenset()
) -> Iterator[str]:
    """What is wrong with an attack, or with one inside it.

    Parameters
    ----------
    place : str
        Where in the configuration it stands.
    definition : mapping
        ``name`` of an attack, the options of its function, and what every attack may say beside.
    shared : frozenset of str
        Keys of the latter, which the schema has checked.
    """
    if (name := _name(definition)) not in ATTACKS:
        yield f"{place}: {unknown(ATTACKS, name, 'attack')}"
        return
    own = {key: value for key, value in options_in(definition).items() if key not in shared}
    yield from _option_faults(place, f"attack '{name}'", ATTACKS[name].options, own, shared)


def _budget_faults(place: str, definition: Mapping[str, Any]) -> Iterator[str]:
    """Relations of inputs in a norm that bounds no intervals."""
    budget = AttackDefinition.of(definition).budget
    if budget.physical == "consistent" and budget.norm not in RELATED_NORMS:
        yield (
            f"{place}: physical: consistent needs norm {' or '.join(RELATED_NORMS)}, and this is "
            f"{budget.norm}: give one of them, or physical: true"
        )


def recipe_faults(place: str, recipe: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the recipe of a model, or with its attack.

    Parameters
    ----------
    place : str
        Where in the configuration it stands.
    recipe : mapping
        ``name`` of a recipe, and the options of its function.
    """
    if (name := _name(recipe)) not in RECIPES:
        yield f"{place}: {unknown(RECIPES, name, 'recipe')}"
        return
    faults = list(_option_faults(place, f"recipe '{name}'", RECIPES[name].options, options_in(recipe)))
    if not faults and any(info.kind == "transfer" for info in attacks_of(recipe)):
        faults = [f"{place}: no recipe trains on attack 'transfer', which needs another model: use another"]
    yield from faults


def _faults_together(place: str, model: Mapping[str, Any]) -> Iterator[str]:
    """A recipe that needs what the network of a model has not."""
    recipe, network = model["recipe"]["name"], model["network"]["name"]
    hidden = constants_of(f"{_NETWORKS}.{network}").get("HIDDEN", True)
    if RECIPES[recipe].on_features and not hidden:
        yield (
            f"{place}: recipe '{recipe}' works on the features of a hidden layer, and network '{network}' "
            "has none: use another network"
        )
    if RECIPES[recipe].on_boxes and not is_certifiable(network):
        yield (
            f"{place}: recipe '{recipe}' bounds the outputs over a box of inputs, and those of network "
            f"'{network}' cannot be bounded: use network 'mlp' or 'linear'"
        )
    if RECIPES[recipe].on_boxes and model.get("optimiser", {}).get("precision") == "bfloat16":
        yield (
            f"{place}: recipe '{recipe}' bounds outputs, which products in bfloat16 would break: use another "
            "precision"
        )


def _faults_without_source(place: str, definition: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with an attack where there is no other model to craft it on."""
    faults = list(attack_faults(place, definition))
    yield from faults
    if not faults and AttackDefinition.of(definition).needs_source:
        yield f"{place}: '{definition['name']}' is crafted on another model: name what it transfers"


def _name(definition: Mapping[str, Any]) -> str:
    return str(definition.get("name", ""))


def _function_faults(
    place: str, what: str, options: tuple[Option, ...] | None, given: Mapping[str, Any], mend: str
) -> Iterator[str]:
    """What is wrong with something found by name; without `options` there is no such function."""
    if options is None:
        yield f"{place}: there is no {what}: use {mend}"
    else:
        yield from _option_faults(place, what, options, given)


def _option_faults(
    place: str,
    what: str,
    options: tuple[Option, ...],
    given: Mapping[str, Any],
    shared: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """Unknown and missing options, and values that make no sense."""
    known = {option.name: option for option in options}
    for key in sorted(given.keys() - known.keys()):
        close = get_close_matches(key, [*known, *shared], n=1)
        hint = f" (like {close[0]})" if close else ""
        yield (
            f"{place}: {what} takes no '{key}'{hint}: its options are {', '.join(known) or 'none'}; "
            "leave it out, or in a preset set it to null"
        )
    for option in options:
        if option.name in given:
            yield from _value_faults(f"{place}.{option.name}", option, given[option.name])
        elif option.required:
            yield f"{place}: {what} lacks its option '{option.name}': add it"


def _value_faults(place: str, option: Option, value: Any) -> Iterator[str]:
    """What is wrong with a value, and with the attacks that it holds."""
    faults = list(value_faults(value, option.schema, place))
    yield from faults
    if faults or not option.holds:
        return
    shared = _OF_TRAINING if option.holds == "AttackDefinition" else frozenset()
    if isinstance(value, list):
        each = (attack_faults(f"{place}.{number}", one, shared) for number, one in enumerate(value))
        yield from chain.from_iterable(each)
    else:
        yield from attack_faults(place, value, shared)
