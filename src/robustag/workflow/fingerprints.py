"""Fingerprints of code, because Snakemake does not see an edit in an imported package.

A job depends on the modules that its script imports, and on what those import in turn. That closure is read
from the source, so no list of modules can fall behind it. Names taken from a package are followed to the
module that defines them: a new attack beside the old ones concerns no training.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from robustag.attacks import AttackDefinition, AttackInfo
from robustag.options import source_of
from robustag.training import RECIPES, RecipeInfo
from robustag.training.catalogue import attacks_of

_PACKAGE = Path(__file__).resolve().parents[1]
# What a job says while and after it works, how it is started and how it fails, changes no result.
_WITHOUT_EFFECT = {
    _PACKAGE / name
    for name in (
        *("errors.py", "failures.py", "workflow/jobs.py", "workflow/by_hand.py", "workflow/records.py"),
        "workflow/progress.py",
    )
}

_LOOKS = {"label", "line", "reference", "forward_passes", "backward_passes", "passes", "to_weights"}


@cache
def code_fingerprint(file: str | Path) -> str:
    """Short hash of the meaning of a script or module and of every robustag module it depends on.

    Comments, docstrings and layout do not count, nor does the folder of the script or of the package.
    """
    return _digest(dependencies(Path(file)))


def attack_fingerprint(*definitions: Mapping[str, Any]) -> str:
    """Short hash of what attacks depend on that a job looks up by name: their entries and their code.

    `code_fingerprint` does not follow a script there, so that a job depends on the attacks that its
    configuration names and on no others.

    Parameters
    ----------
    *definitions : mapping
        Of attacks, with ``name``.
    """
    return _entries_fingerprint(
        frozenset(info for definition in definitions for info in AttackDefinition.of(definition).infos)
    )


def recipe_fingerprint(recipe: Mapping[str, Any]) -> str:
    """The same of a recipe and of the attacks that it trains on.

    Parameters
    ----------
    recipe : mapping
        A definition, with ``name``.
    """
    return _entries_fingerprint(frozenset({RECIPES[recipe["name"]], *attacks_of(recipe)}))


@cache
def _entries_fingerprint(infos: frozenset[AttackInfo | RecipeInfo]) -> str:
    code = _digest(set().union(*(dependencies(source_of(info.home)) for info in infos)))
    facts = sorted(map(_facts, infos))
    return hashlib.sha256("\n".join([code, *facts]).encode()).hexdigest()[:12]


def _facts(info: AttackInfo | RecipeInfo) -> str:
    """Of an entry, without how figures show it and where it comes from, which changes no result."""
    looks: dict[str, Any] = dict.fromkeys(_LOOKS & vars(info).keys(), "")
    return repr(replace(info, **looks))


def _digest(files: set[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files - _WITHOUT_EFFECT):
        named = file.relative_to(_PACKAGE).as_posix() if file.is_relative_to(_PACKAGE) else file.name
        digest.update(named.encode())
        digest.update(_meaning_of(file).encode())
    return digest.hexdigest()[:12]


def dependencies(script: Path) -> set[Path]:
    """The script and every module of robustag that it imports, directly or through others."""
    found: set[Path] = set()
    waiting = {script}
    while waiting:
        file = waiting.pop()
        found.add(file)
        waiting |= _imported_by(file) - found
    return found


def meaning(source: str) -> str:
    """Canonical text of a module without its comments, docstrings and layout.

    Examples
    --------
    >>> meaning("x = 1  # one") == meaning("x  =  1")
    True
    """
    return _plain(ast.parse(source))


def _plain(tree: ast.Module) -> str:
    """The text of a tree, from which docstrings are taken away in place."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in (tree, *_statements(tree)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement inside a node, and what holds some; expressions hold none, and are most of a tree."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            yield child
            yield from _statements(child)


@cache
def _parsed(file: Path) -> tuple[str, list[tuple[str, list[str]]]]:
    """The meaning of a file, and the modules that it takes names from, wherever in it, with the names."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports = [
        (node.module, [name.name for name in node.names])
        for node in _statements(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
    ]
    return _plain(tree), imports


def _meaning_of(file: Path) -> str:
    return _parsed(file)[0]


@cache
def _imported_by(file: Path) -> frozenset[Path]:
    """Modules of robustag that one file imports."""
    return frozenset(
        defining
        for module, names in _parsed(file)[1]
        if module.split(".")[0] == "robustag"
        for name in names
        for defining in _defining(module, name)
    )


def _defining(module: str, name: str) -> Iterator[Path]:
    """The files that `from module import name` depends on."""
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    if not path.is_dir():
        yield path.with_suffix(".py")
        return
    if (path / f"{name}.py").exists():
        yield path / f"{name}.py"
        return
    package = path / "__init__.py"
    for source, names in _parsed(package)[1]:
        if name in names:
            yield from _defining(source, name)
            return
    yield package
