"""Checks of the study's configuration, with one readable line per fault."""

import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np

from robustag.documents import read_document
from robustag.errors import InputError

_TYPES = {
    "null": "null",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
}


@cache
def _schema(file: str | Path) -> Any:
    return read_document(file)


def check_against_schema(document: Any, schema_file: str | Path, source: str) -> None:
    """Check a parsed document against a JSON schema.

    Raises
    ------
    InputError
        One line per fault: where, what is wrong, how to mend it.
    """
    if faults := list(_faults(document, _schema(schema_file))):
        raise InputError("\n".join(f"{source}: {fault}" for fault in faults))


def value_faults(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    """What is wrong with one value of a document, of which `schema` is the part about it."""
    return _faults({place: value}, {"properties": {place: schema}})


def take_away(document: Any, schema_file: str | Path) -> None:
    """Delete, in place, the keys that a preset has set to null.

    Presets add to the dictionaries below them, and null takes a key away. Where the schema allows null it is
    a value and stays; so does a key that the schema does not know, for `check_against_schema` to name.
    """
    schema = _schema(schema_file)
    _take_away(document, schema, schema)


def _take_away(value: Any, node: dict, schema: dict) -> None:
    node = resolved(node, schema)
    if isinstance(value, list):
        for item in value:
            _take_away(item, node.get("items", {}), schema)
    if not isinstance(value, dict):
        return
    if "if" in node and "properties" not in node:  # one of two kinds
        node = resolved(node["then" if _allows(node["if"], value, schema) else "else"], schema)
    for key, inner in list(value.items()):
        child = node.get("properties", {}).get(key, node.get("additionalProperties", {}))
        if child is False:
            continue
        if inner is None and not _allows(child, None, schema):
            del value[key]
        else:
            _take_away(inner, child, schema)


def _allows(node: dict, value: Any, schema: dict) -> bool:
    return jsonschema.Draft202012Validator({"$defs": schema["$defs"], **node}).is_valid(value)


def resolved(node: dict, schema: dict) -> dict:
    """A node of a schema with the definition it refers to; its own keys, such as a description, count."""
    reference = node.get("$ref")
    return node if reference is None else schema["$defs"][reference.removeprefix("#/$defs/")] | node


def canonical(value: Any) -> Any:
    """A copy with the keys of every mapping in alphabetical order.

    Snakemake compares parameters as text, so key order would otherwise cause reruns.

    Examples
    --------
    >>> canonical({"b": 1, "a": {"d": 2, "c": 3}})
    {'a': {'c': 3, 'd': 2}, 'b': 1}
    """
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    return value


def _faults(document: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    found = jsonschema.Draft202012Validator(schema).iter_errors(document)
    explained: list[str] | None = None
    for fault in sorted(found, key=lambda error: list(map(str, error.absolute_path))):
        place = list(map(str, fault.absolute_path))
        if explained is not None and place[: len(explained)] == explained:
            continue
        if _retired(fault):
            # What to write instead mends the rest there, too.
            explained = place
        yield _sentence(fault, document)


def _sentence(fault: jsonschema.ValidationError, document: Any) -> str:
    """One fault as a sentence a physicist can act on."""
    if fault.validator in ("oneOf", "anyOf"):
        return _sentence_on_options(fault, document)
    where = _place(fault)
    # A validator has set these by now, which the types do not know.
    schema: Any = fault.schema
    wanted: Any = fault.validator_value
    value: Any = fault.instance
    if fault.validator == "not" and wanted == {}:
        *owner, key = fault.absolute_path
        for step in owner:
            document = document[step]
        chosen = document.get("name", document.get("kind"))
        return f"{where}: '{chosen}' takes no {key}: leave it out, or in a preset set it to null"
    if fault.validator == "additionalProperties":
        unknown = sorted(set(value) - set(schema.get("properties", {})))
        if gone := _retired(fault):
            return f"{where}: {gone[0]} is no longer a key: {schema['retired'][gone[0]]}"
        known = ", ".join(sorted(schema.get("properties", {})))
        return f"{where}: unknown key {', '.join(map(repr, unknown))}; known keys are {known}"
    if fault.validator == "uniqueItems":
        return f"{where}: something stands twice in {value}: remove one"
    if fault.validator == "type":
        return f"{where}: {_sentence_on_type(fault, [wanted])}"
    return f"{where}: {fault.message}"


def _retired(fault: jsonschema.ValidationError) -> list[str]:
    """Keys of the place at fault that once were keys."""
    if fault.validator != "additionalProperties":
        return []
    schema: Any = fault.schema
    value: Any = fault.instance
    return sorted(set(value) & set(schema.get("retired", {})))


def _place(fault: jsonschema.ValidationError) -> str:
    return ".".join(map(str, fault.absolute_path)) or "top level"


def _sentence_on_type(fault: jsonschema.ValidationError, wanted: list[str]) -> str:
    """A value of none of the wanted types; a text that says one of them was not meant as text."""
    value, types = fault.instance, " or ".join(_TYPES[name] for name in wanted)
    plain = next(filter(None, (_plain(value, name) for name in wanted)), None)
    if plain is None:
        return f"{value!r} is not {types}"
    # Snakemake reads what follows --config as text, but for a number or True by itself.
    return (
        f"{value!r} is text, not {types}; write {plain} without quotes (YAML reads 1e-3 as text), "
        "and in a preset, not after --config, which makes text of most values"
    )


def _plain(value: Any, wanted: str) -> str | None:
    """How YAML writes what a text says, if that is of the wanted type."""
    if not isinstance(value, str):
        return None
    words = {"boolean": ("true", "false"), "null": ("null",)}.get(wanted, ())
    if value.lower() in words:
        return value.lower()
    if wanted not in ("number", "integer") or not _is_number(value):
        return None
    if wanted == "integer" and not float(value).is_integer():
        return None
    return np.format_float_positional(float(value), trim="-")


def _sentence_on_options(fault: jsonschema.ValidationError, document: Any) -> str:
    """Fault of a value that may take several forms: of the form it has, or what the forms are."""
    allowed: Any = fault.validator_value
    faults: dict[Any, list[jsonschema.ValidationError]] = {}
    for inner in fault.context:
        faults.setdefault(inner.schema_path[0], []).append(inner)
    forms = [form for form in faults.values() if not any(_of_other_type(inner) for inner in form)]
    if len(forms) == 1:
        return _sentence(forms[0][0], document)
    if all("type" in option for option in allowed):
        types = [option["type"] for option in allowed]
        return f"{_place(fault)}: {_sentence_on_type(fault, types)}"
    options = " or ".join(_form(option) for option in allowed)
    if any("required" in option for option in allowed):
        return f"{_place(fault)}: give either {options}"
    return f"{_place(fault)}: {fault.instance!r} is not {options}"


def _of_other_type(inner: jsonschema.ValidationError) -> bool:
    return inner.validator == "type" and not inner.path


def _form(option: dict) -> str:
    if "type" in option:
        return _TYPES[option["type"]]
    if "enum" in option:
        return " or ".join(map(str, option["enum"]))
    without = option.get("not", {}).get("required", [])
    return " and ".join(option["required"]) + "".join(f" without {key}" for key in without)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
