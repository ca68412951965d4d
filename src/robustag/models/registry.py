"""From a definition in the configuration to the object it names."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

import torch
from torch import nn

from robustag.errors import InputError
from robustag.models.inputs import Inputs

Entry = TypeVar("Entry")

# By its name: what a training needs of it is one module, whose fingerprint the rule carries.
_NETWORKS = "robustag.models.networks"


def choose(registry: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """Entry of a registry, by name.

    Raises
    ------
    InputError
        If the registry has no such entry; the message lists those it has.

    Examples
    --------
    >>> choose({"adam": 1}, "adam", "optimiser")
    1
    """
    if name not in registry:
        raise InputError(f"unknown {kind} '{name}': use one of {', '.join(sorted(registry))}")
    return registry[name]


def with_options(function: Callable[..., Any], options: dict, kind: str, *positional: str) -> Callable:
    """`function` with the options of a definition filled in, checked before anything runs.

    Parameters
    ----------
    function : callable
        Takes `positional` by position, and the options by keyword.
    options : dict
        A definition without its name.
    kind : str
        What is defined, for the message.
    *positional : str
        Names of the arguments that will come later.

    Raises
    ------
    InputError
        If an option is unknown or one is missing.
    """
    try:
        inspect.signature(function).bind(*positional, **options)
    except TypeError as error:
        raise InputError(f"{kind} '{function.__name__}': {error}: mend its options {options}") from error
    return partial(function, **options)


def build_model(network: dict, inputs: Inputs | int, classes: int = 3, *, seed: int) -> nn.Module:
    """Freshly initialised network on the CPU, which maps scaled inputs float32 [N, F] to logits [N, classes].

    Parameters
    ----------
    network : dict
        ``name`` of a module of `robustag.models.networks`, and the options of its builder.
    inputs : Inputs or int
        What the network is told of its inputs; their number is enough for those that treat all alike.
    classes : int
        Number of flavours.
    seed : int
        Of the initial weights; torch's own random state is left as it was.

    Raises
    ------
    InputError
        If the network or one of its options is unknown, or if it must know more of its inputs.
    """
    options = {key: value for key, value in network.items() if key != "name"}
    there = {module.name: module.name for module in iter_modules(import_module(_NETWORKS).__path__)}
    name = choose(there, network.get("name", ""), "network")
    builder = getattr(import_module(f"{_NETWORKS}.{name}"), name)
    build = with_options(builder, options, "network", "inputs", "classes")
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        return build(Inputs(inputs) if isinstance(inputs, int) else inputs, classes)
