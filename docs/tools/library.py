"""The reference of the library: a page per floor, filled from the docstrings by mkdocstrings."""

import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "robustag"


def floors(readme: str) -> list[tuple[list[str], str]]:
    """Names and meaning of each floor in README's list of the library, top to bottom.

    A floor is a package; the ground and the command are modules beside the packages.
    """
    listed = re.search(r"^src/robustag/ .*\n((?: +.*\n)+)", readme, re.MULTILINE)[1]
    lines = (re.split(" {2,}", line.strip()) for line in listed.splitlines())
    return [(names.split(", "), meaning) for names, meaning in lines]


def pages(root: Path) -> Iterator[tuple[str, str, str]]:
    """Title, address and Markdown of the page of each floor."""
    for names, meaning in floors((root / "README.md").read_text(encoding="utf-8")):
        title = names[0] if len(names) == 1 else meaning
        modules = [module for name in names for module in _modules(root, name)]
        text = [f"# {title}", "" if title == meaning else f"{meaning[0].upper()}{meaning[1:]}.", *modules]
        yield title, f"reference/{names[0]}.md", "\n\n".join(text) + "\n"


def _modules(root: Path, name: str) -> Iterator[str]:
    """A section for each module of a floor; of a package itself only the docstring, which is its map."""
    folder = root / "src" / PACKAGE
    for file in sorted((folder / name).rglob("*.py")) or [folder / f"{name}.py"]:
        module = ".".join([PACKAGE, *file.relative_to(folder).with_suffix("").parts])
        if file.name == "__init__.py":
            yield f"::: {module.removesuffix('.__init__')}\n    options: {{members: false}}"
        else:
            yield f"::: {module}"
