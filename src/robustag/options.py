"""What the function or class behind a name takes, read from its source: no torch before a job starts.

Networks, attacks and recipes are functions whose keyword-only arguments are the options of a definition.
Their annotations say which values make sense: `int`, `float`, `str`, `bool`, ``Literal[...]``, a list of one
of these, or a type of this module.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any

from robustag.errors import InputError

_PACKAGE = Path(__file__).resolve().parent

Count = Annotated[int, {"type": "integer", "minimum": 1}]
Whole = Annotated[int, {"type": "integer", "minimum": 0}]
Positive = Annotated[float, {"type": "number", "exclusiveMinimum": 0}]
NotNegative = Annotated[float, {"type": "number", "minimum": 0}]
#: A part of something, not none and perhaps all of it.
Share = Annotated[float, {"type": "number", "exclusiveMinimum": 0, "maximum": 1}]
Names = Annotated[
    list[str], {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}}
]
#: A probability that is not certain.
Chance = Annotated[float, {"type": "number", "minimum": 0, "exclusiveMaximum": 1}]

_PLAIN = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    # An attack inside an attack, and the one of a recipe; what they hold is checked as they are.
    "Attack": {"type": "object"},
    "AttackDefinition": {"type": "object"},
}


@dataclass(frozen=True)
class Option:
    """One option of a definition.

    Attributes
    ----------
    name : str
        As definitions call it.
    schema : mapping
        Its values, as a JSON schema; empty if the annotation says nothing that can be checked.
    required : bool
        Whether it has no default.
    meaning : str
        What the docstring says of it.
    holds : str
        "Attack" or "AttackDefinition" if that is what it is or lists, otherwise empty.
    """

    name: str
    schema: Mapping[str, Any]
    required: bool
    meaning: str
    holds: str


@cache
def options_of(module: str, function: str) -> tuple[Option, ...] | None:
    """Options of a function of robustag; None if the module, or the function in it, does not exist.

    Parameters
    ----------
    module : str
        Such as "robustag.attacks.iterated".
    function : str
        Such as "pgd".
    """
    node = _function(module, function)
    if node is None:
        return None
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    meanings = _meanings(ast.get_docstring(node) or "")
    return tuple(
        _option(argument, default is None, meanings.get(argument.arg, "")) for argument, default in pairs
    )


@cache
def summary_of(module: str, function: str) -> str:
    """First paragraph of a function's docstring, in one line; empty if there is none."""
    node = _function(module, function)
    text = (node and ast.get_docstring(node)) or ""
    return " ".join(text.split("\n\n")[0].split())


def check_numbers(what: str, options: Sequence[Option], given: Mapping[str, Any]) -> None:
    """Refuse the first number that makes no sense.

    Raises
    ------
    InputError
        If an option is of another kind, not finite, or out of its range.

    >>> check_numbers("attack 'pgd'", options_of("robustag.attacks.iterated", "pgd"), {"steps": 20})
    """
    for option in options:
        number = option.schema.get("type") in ("integer", "number")
        if number and option.name in given and not _fits(given[option.name], option.schema):
            wanted = _wanted(option.schema)
            raise InputError(f"{what} has {option.name} {given[option.name]!r}: give {wanted}")


def source_of(module: str) -> Path:
    """The file of a module of robustag, whether there is one or not."""
    return _PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")


def constants_of(module: str) -> dict[str, Any]:
    """What a module of robustag sets to plain values, by name."""
    found: dict[str, Any] = {}
    for node in _body(module):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found |= {name.id: node.value.value for name in node.targets if isinstance(name, ast.Name)}
    return found


def keys_of(module: str, name: str) -> list[str]:
    """Keys of a dictionary that a module of robustag writes out under a name, in their order."""
    assigned = (node for node in _body(module) if isinstance(node, ast.Assign | ast.AnnAssign))
    return [
        key.value
        for node in assigned
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == name and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]


def fields_of(module: str, name: str) -> list[str]:
    """Fields of a dataclass of robustag, in their order."""
    classes = (node for node in _body(module) if isinstance(node, ast.ClassDef) and node.name == name)
    return [
        node.target.id
        for kind in classes
        for node in kind.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]


def _function(module: str, function: str) -> ast.FunctionDef | None:
    functions = (node for node in _body(module) if isinstance(node, ast.FunctionDef))
    return next((node for node in functions if node.name == function), None)


@cache
def _body(module: str) -> Sequence[ast.stmt]:
    file = source_of(module)
    return ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else ()


def _meanings(docstring: str) -> dict[str, str]:
    """What a docstring in NumPy's format says of each parameter, in one line."""
    section = docstring.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line.startswith(" "):
            meanings |= {name: f"{meanings.get(name, '')} {line.strip()}".strip() for name in names}
        else:
            names = line.partition(" : ")[0].split(", ")
    return meanings


def _option(argument: ast.arg, required: bool, meaning: str) -> Option:
    words = {node.id for node in ast.walk(argument) if isinstance(node, ast.Name)}
    holds = next((word for word in ("Attack", "AttackDefinition") if word in words), "")
    return Option(argument.arg, _schema(argument.annotation), required, meaning, holds)


def _schema(annotation: ast.expr | None) -> dict[str, Any]:
    """The values that an annotation allows, as a JSON schema; empty for all."""
    if isinstance(annotation, ast.Name):
        metadata = getattr(globals().get(annotation.id), "__metadata__", None)
        return dict(metadata[0] if metadata else _PLAIN.get(annotation.id, {}))
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        if annotation.value.id == "Literal":
            words = (node for node in ast.walk(annotation.slice) if isinstance(node, ast.Constant))
            return {"enum": [word.value for word in words]}
        if annotation.value.id in ("list", "Sequence"):
            return {"type": "array", "minItems": 1, "items": _schema(annotation.slice)}
    if isinstance(annotation, ast.BinOp):
        # Of "this or that", what can be checked.
        either = [schema for side in (annotation.left, annotation.right) if (schema := _schema(side))]
        return either[0] if len(either) == 1 else {"anyOf": either}
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return {"type": "null"}
    return {}


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    number = isinstance(value, Integral if schema["type"] == "integer" else Real)
    return (
        number
        and not isinstance(value, bool)
        and abs(value) < float("inf")
        and value >= schema.get("minimum", value)
        and not value <= schema.get("exclusiveMinimum", value - 1)
        and value <= schema.get("maximum", value)
        and not value >= schema.get("exclusiveMaximum", value + 1)
    )


def _wanted(schema: Mapping[str, Any]) -> str:
    words = {
        "minimum": "of {} or more",
        "exclusiveMinimum": "above {}",
        "maximum": "{} at most",
        "exclusiveMaximum": "below {}",
    }
    bounds = [text.format(schema[key]) for key, text in words.items() if key in schema]
    whole = "a whole number" if schema["type"] == "integer" else "a number"
    return f"{whole} {', '.join(bounds)}".rstrip()
