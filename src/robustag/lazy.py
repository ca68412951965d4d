"""Packages that import what they export when it is asked for: their tables can be read without torch."""

import ast
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any


class _LazyPackage(ModuleType):
    """A package whose exports stand in its dictionary once they have been asked for."""

    def __getattr__(self, name: str) -> Any:
        homes = self.__dict__["_homes"]
        if name not in homes:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Importing a module binds it in its package: there it must not hide an export of the same name.
        if not (isinstance(value, ModuleType) and name in self.__dict__["_homes"]):
            super().__setattr__(name, value)


def export_lazily(package: str, further: Mapping[str, str] = MappingProxyType({})) -> None:
    """Let a package import its exports when they are first asked for.

    Parameters
    ----------
    package : str
        Name of the package. What its ``__init__.py`` imports ``if TYPE_CHECKING`` are its exports, so that
        type checkers and fingerprints see them as they see any import.
    further : mapping of str to str
        Modules, by the name of what they export beside.
    """
    module = sys.modules[package]
    homes = dict(further)
    for node in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for imported in node.body:
                if isinstance(imported, ast.ImportFrom):
                    homes |= dict.fromkeys((name.name for name in imported.names), str(imported.module))
    module.__dict__["_homes"] = homes
    module.__class__ = _LazyPackage
