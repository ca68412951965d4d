"""From a definition in the configuration to the object it names."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import torch
from torch import nn

from robustag.errors import InputError
from robustag.models.mlp import mlp

Entry = TypeVar("Entry")

#: Builders ``(inputs, classes, **options) -> nn.Module`` by the name that configurations use.
NETWORKS: dict[str, Callable[..., nn.Module]] = {"mlp": mlp}


def choose(registry: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """Entry of a registry, by name.

    Raises
    ------
    InputError
        If the registry has no such entry; the message lists those it has.

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


def build_model(network: dict, inputs: int, classes: int = 3, *, seed: int) -> nn.Module:
    """Freshly initialised network on the CPU, which maps float32 [N, inputs] to logits [N, classes].

    Parameters
    ----------
    network : dict
        ``name`` of an entry of `NETWORKS`, and its options.
    inputs, classes : int
        Number of inputs and of flavours.
    seed : int
        Of the initial weights; torch's own random state is left as it was.

    Raises
    ------
    InputError
        If the network or one of its options is unknown.
    """
    options = {key: value for key, value in network.items() if key != "name"}
    builder = choose(NETWORKS, network.get("name", ""), "network")
    build = with_options(builder, options, "network", "inputs", "classes")
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        return build(inputs, classes)
