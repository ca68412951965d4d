"""The reference of the configuration, written from its schema (`make docs`)."""

from collections.abc import Iterator

from robustag.documents import read_document
from robustag.workflow.configuration import resolved
from robustag.workflow.places import CONFIG_SCHEMA

_INTRODUCTION = """\
# Configuration

`config.yaml` is the default study; `smoke.yaml` (a miniature), `pileup.yaml` (20 other collisions in a bunch
crossing), `systematics.yaml` (ways of training), `paper.yaml` (the papers' size), `published.yaml` (the
papers' data), `cms.yaml`, `cms_deepjet.yaml`, `nanoaod.yaml` and `deepntuple.yaml`
(files of CMS) are presets on top of it: `snakemake --configfile config/paper.yaml ...`.
A preset's dictionaries add to those below it, its lists replace them, and `null` takes a key away, as in
`evaluation: {inputs: {track_0_D0: null}}` or `attacks: {pgd: {jets: null}}`; where the table below allows
null, it is a value. Definitions (`samples`, `variations`, `models`, `attacks`, `scenarios`) say what there is
and can be many; `run` selects what a study makes, and what then has nothing to work on, such as a figure of
certificates without any, is left out. So is, with a line in the summary, what the default study selects and
the jets of a preset do not allow; what a preset asks for itself must fit. Write 0.001, never 1e-3: YAML reads
that as text.

To add an attack, a model or a scenario, define it under a new name and put the name into the selection. Only
what the change concerns is made again. `features` names the table of the inputs, with units, missing values,
shift factors and physical ranges; its layout is at the head of `features/jet_flavor.yaml`.

This page is written from `src/robustag/workflow/schemas/config.schema.yaml` (`make docs`); a test holds the
two together.

| key | values | meaning |
| --- | --- | --- |
"""


def reference() -> str:
    """Markdown page with one row for each key of the configuration."""
    schema = read_document(CONFIG_SCHEMA)
    rows = [
        f"| `{key}` | {_values(node)} | {node['description']} |\n" for key, node in _keys(schema, schema, "")
    ]
    return _INTRODUCTION + "".join(rows)


def _keys(node: dict, schema: dict, prefix: str) -> Iterator[tuple[str, dict]]:
    """Every key with its node, depth first; NAME stands for a name the user chooses."""
    for name, child in node.get("properties", {}).items():
        child = resolved(child, schema)
        yield prefix + name, child
        item = resolved(child.get("items", {}), schema)
        yield from _keys(child, schema, f"{prefix}{name}.")
        yield from _keys(item, schema, f"{prefix}{name}[].")
        named = child.get("additionalProperties")
        if isinstance(named, dict):
            # One of several kinds is told by a key: the keys of each.
            for kind in (named, named.get("else", {}), named.get("then", {})):
                yield from _keys(resolved(kind, schema), schema, f"{prefix}{name}.NAME.")


def _values(node: dict) -> str:
    if "enum" in node:
        return ", ".join(map(str, node["enum"]))
    if "oneOf" in node:
        return " or ".join(_values(option) for option in node["oneOf"])
    return {"object": "mapping", "array": "list", "null": "null"}.get(node["type"], node["type"])
