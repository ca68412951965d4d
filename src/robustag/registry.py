"""From a definition in the configuration to the object that it names."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar, get_type_hints

from robustag.errors import InputError

Entry = TypeVar("Entry")


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
        raise InputError(unknown(registry, name, kind))
    return registry[name]


def unknown(registry: Mapping[str, Any], name: str, kind: str) -> str:
    """The line about a name that a registry lacks: those like it, and those there are.

    >>> unknown({"fgsm": 1, "pgd": 2}, "fgms", "attack")
    "unknown attack 'fgms' (like fgsm): use one of fgsm, pgd"
    """
    close = get_close_matches(str(name), registry, n=3)
    like = f" (like {' or '.join(close)})" if close else ""
    return f"unknown {kind} '{name}'{like}: use one of {', '.join(sorted(registry))}"


def settings_of(kind: type[Entry], section: Mapping[str, Any], name: str) -> Entry:
    """A section of the configuration as a dataclass whose fields are its keys.

    Parameters
    ----------
    kind : type
        A dataclass. A field that is a dataclass itself is made from a mapping in the same way.
    section : mapping
    name : str
        Of the section, for the message.

    Raises
    ------
    InputError
        If a key is unknown, or one that has no default is missing.
    """
    known = inspect.signature(kind).parameters
    for key in section:
        if key not in known:
            raise InputError(unknown(known, key, f"key in {name}"))
    lacking = [key for key, field in known.items() if key not in section and field.default is field.empty]
    if lacking:
        raise InputError(f"{name} lacks {', '.join(lacking)}: add what is missing")
    types = get_type_hints(kind)
    return kind(
        **{
            key: settings_of(types[key], value, f"{name}.{key}")
            if is_dataclass(types[key]) and isinstance(value, Mapping)
            else value
            for key, value in section.items()
        }
    )


def options_in(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A definition without its name."""
    return {key: value for key, value in definition.items() if key != "name"}


def with_options(
    function: Callable[..., Any], options: Mapping[str, Any], kind: str, *positional: str
) -> Callable[..., Any]:
    """`function` with the options of a definition filled in, checked before anything runs.

    Parameters
    ----------
    function : callable
        Takes `positional` by position, and the options by keyword.
    options : mapping
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
        raise InputError(
            f"{kind} '{function.__name__}': {error}: mend its options {dict(options)}"
        ) from error
    return partial(function, **options)
