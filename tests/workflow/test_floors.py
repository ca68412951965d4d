"""The library stands on floors: a package imports from those above it in README's list, never from below."""

import ast
import re

import pytest
from docs.tools import library
from tests.conftest import ROOT

PACKAGE = "robustag"
MODULE = re.compile(rf"{PACKAGE}\.(?!__)\w+(\.\w+)*")


def floors(root):
    """Names of README's list, top to bottom."""
    return [name for names, _ in library.floors((root / "README.md").read_text()) for name in names]


def imports(source):
    """Every module that a source names: imported anywhere in it, or as text for import_module.

    There are no relative imports: ruff forbids them.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value]
        else:
            continue
        yield from (name for name in names if MODULE.fullmatch(name))


def own_floor(file):
    """Name of the floor that a file of the package belongs to."""
    return file.relative_to(ROOT / "src" / PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize(
    "source",
    [
        "import robustag.claims",
        "from robustag import claims",
        "from robustag.claims.judge import judge_claims",
        "def f():\n    from robustag.claims import judge",
        "if TYPE_CHECKING:\n    from robustag.claims import Claim",
        'import_module("robustag.claims.judge")',
    ],
)
def test_every_kind_of_import_is_seen(source):
    assert {name.split(".")[1] for name in imports(source)} == {"claims"}


def test_readme_lists_every_floor_once(root):
    listed = floors(root)
    there = {own_floor(file) for file in (root / "src" / PACKAGE).rglob("*.py")} - {"__init__"}
    assert sorted(listed) == sorted(there)


def test_no_floor_imports_from_below(root):
    order = floors(root)
    upward = [
        f"{file.relative_to(root)} imports {name}"
        for file in sorted((root / "src" / PACKAGE).rglob("*.py"))
        for name in imports(file.read_text())
        if own_floor(file) != "__init__" and order.index(name.split(".")[1]) > order.index(own_floor(file))
    ]
    assert upward == []


def test_only_scripts_and_snakefile_stand_on_everything(root):
    """The last floors are entered from outside alone: by scripts, the Snakefile and the command."""
    entered = {
        name.split(".")[1]
        for file in (root / "src" / PACKAGE).rglob("*.py")
        for name in imports(file.read_text())
        if own_floor(file) not in (name.split(".")[1], "cli")
    }
    assert not entered & {"workflow", "cli"}
