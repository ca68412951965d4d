"""Fingerprints of code, because Snakemake does not see an edit in an imported package."""

import ast
import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def code_fingerprint(*parts: str) -> str:
    """Short hash of the meaning of some modules: comments, docstrings and layout do not count.

    Parameters
    ----------
    *parts : str
        Packages or modules below `robustag`, such as "attacks" or "attacks/budget.py".
    """
    digest = hashlib.sha256()
    for part in sorted(parts):
        path = _PACKAGE / part
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            digest.update(file.relative_to(_PACKAGE).as_posix().encode())
            digest.update(meaning(file.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()[:12]


def meaning(source: str) -> str:
    """Canonical text of a module without its comments, docstrings and layout.

    >>> meaning("x = 1  # one") == meaning("x  =  1")
    True
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
