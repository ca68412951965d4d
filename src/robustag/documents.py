"""YAML files, read strictly: what YAML lets pass silently and nobody means is refused."""

from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from robustag.errors import InputError

# Values of a file with every alias written out: a study has a few thousand.
_MOST_VALUES = 100_000


def read_document(path: str | Path) -> Any:
    """Parse a YAML file.

    Raises
    ------
    InputError
        If it cannot be read or is no YAML, names a key twice or one that is not text, or its aliases contain
        themselves or multiply beyond all measure.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            # Not the faster one in C, which crashes where mappings are nested too deeply.
            loader = yaml.SafeLoader(file)
            try:
                node = loader.get_single_node()
                if node is None:
                    return None
                _count(node, {})
                return loader.construct_document(node)
            finally:
                loader.dispose()
    except RecursionError:
        raise InputError(f"{path} cannot be read: it is nested too deeply; flatten it") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read: {reason}") from error


def _count(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Values in a node with every alias written out; known: those of the nodes before, None inside of one."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) in known:
        found = known[id(node)]
        if found is None:
            raise _refusal(node, "an alias contains itself: write out what is meant")
        return found
    known[id(node)] = None
    if isinstance(node, yaml.MappingNode):
        _check_keys(node)
    inner = chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value
    found = known[id(node)] = 1 + sum(_count(part, known) for part in inner)
    if found > _MOST_VALUES:
        raise _refusal(node, f"aliases multiply to more than {_MOST_VALUES} values: write out what is meant")
    return found


def _check_keys(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
            raise _refusal(key, f"the key {key.value!r} is not text: put it in quotes")
        if key.value in seen:
            raise _refusal(key, f"the key '{key.value}' stands twice in one mapping: remove one")
        seen.add(key.value)


def _refusal(node: yaml.Node, reason: str) -> yaml.YAMLError:
    return yaml.YAMLError(f"line {node.start_mark.line + 1}: {reason}")
