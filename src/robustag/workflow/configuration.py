"""Checks of the study's configuration, with one readable line a fault."""

from pathlib import Path
from typing import Any

import jsonschema
import yaml

from robustag.errors import InputError


def read_document(path: str | Path) -> Any:
    """Parse a YAML file.

    Raises
    ------
    InputError
        If it cannot be read or is no YAML.
    """
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read: {reason}") from error


def check_against_schema(document: Any, schema_file: str | Path, source: str) -> None:
    """Check a parsed document against a JSON schema.

    Raises
    ------
    InputError
        One line a fault: where, what is wrong, how to mend it.
    """
    schema = read_document(schema_file)
    validator = jsonschema.Draft202012Validator(schema)
    faults = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    if faults:
        raise InputError("\n".join(f"{source}: {_sentence(fault)}" for fault in faults))


def check_selection(config: dict) -> None:
    """Check that everything `run`, `figures` and `surface` select is defined.

    Raises
    ------
    InputError
        One line naming the selection, the unknown name and the names there are.
    """
    run = config["run"]
    selected = [
        ("run.samples", run["samples"], "samples"),
        ("validation.samples", config["validation"]["samples"], "samples"),
        ("run.variations", run["variations"], "variations"),
        ("run.models", run["models"], "models"),
        ("run.attacks", run["attacks"], "attacks"),
        ("run.scenarios", run["scenarios"], "scenarios"),
    ]
    for key, names, definitions in selected:
        for name in names:
            if name not in config[definitions]:
                known = ", ".join(sorted(config[definitions]))
                raise InputError(f"config: {key} names '{name}', which {definitions} lacks: use {known}")
    for name in run["scenarios"]:
        variation = config["scenarios"][name].get("variation")
        if variation is not None and variation not in run["variations"]:
            raise InputError(
                f"config: scenario '{name}' needs the variation '{variation}': add it to run.variations"
            )
    for name in run["attacks"]:
        definition = config["attacks"][name]
        source = definition.get("source")
        if (definition["name"] == "transfer") != (source is not None):
            raise InputError(f"config: attack '{name}': 'transfer' needs a source, and nothing else takes one")
        if source is not None and source not in run["models"]:
            raise InputError(f"config: attack '{name}' needs the model '{source}': add it to run.models")
    figures = config["figures"]
    measured = {*run["attacks"], *run["scenarios"]}
    shown = [("figures.attack", figures["attack"]), ("figures.noise", figures["noise"])]
    shown += [("figures.mismodellings", entry["perturbation"]) for entry in figures["mismodellings"]]
    for key, name in shown:
        if name not in measured:
            raise InputError(f"config: {key} needs '{name}': add it to run.attacks or run.scenarios")
    if figures["input"] not in config["evaluation"]["inputs"]:
        raise InputError(
            f"config: figures.input needs the histogram of '{figures['input']}': add it to evaluation.inputs"
        )
    needed = [("surface.reference", config["surface"]["reference"])]
    for pair in figures["pairs"]:
        needed += [(f"figures.pairs '{pair['label']}'", pair[role]) for role in ("nominal", "adversarial")]
    for key, name in needed:
        if name not in run["models"]:
            raise InputError(f"config: {key} needs the model '{name}': add it to run.models")


def canonical(value: Any) -> Any:
    """A copy with the keys of every mapping in alphabetical order.

    Snakemake compares parameters as text, so key order would otherwise cause reruns.

    >>> canonical({"b": 1, "a": {"d": 2, "c": 3}})
    {'a': {'c': 3, 'd': 2}, 'b': 1}
    """
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    return value


def _sentence(fault: jsonschema.ValidationError) -> str:
    """One fault as a sentence a physicist can act on."""
    where = ".".join(map(str, fault.absolute_path)) or "top level"
    if fault.validator == "additionalProperties":
        unknown = sorted(set(fault.instance) - set(fault.schema.get("properties", {})))
        known = ", ".join(sorted(fault.schema.get("properties", {})))
        return f"{where}: unknown key {', '.join(map(repr, unknown))}; known keys are {known}"
    if fault.validator == "type" and isinstance(fault.instance, str) and _is_number(fault.instance):
        return (
            f"{where}: {fault.instance!r} is text, not a number; "
            f"write {float(fault.instance):f} without quotes (YAML reads 1e-3 as text)"
        )
    return f"{where}: {fault.message}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
