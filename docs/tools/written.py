"""Writes every page of the repository, and every part of a page, that comes from code (`make docs`).

A part stands between two comments, `<!-- NAME: written by make docs -->` and `<!-- end of NAME -->`.
"""

import re
from pathlib import Path

from robustag.attacks import listing as attacks
from robustag.features import FeatureTable
from robustag.features import listing as inputs
from robustag.training import listing as recipes
from robustag.workflow.places import PACKAGE
from robustag.workflow.reference import reference


def pages(root: Path) -> dict[Path, str]:
    """Text of each written page below a root, whose other parts are read there."""
    table = FeatureTable.load(PACKAGE / "config/features/jet_flavor.yaml")
    return {
        root / "config/README.md": reference(),
        root / "docs/attacks.md": attacks.markdown(),
        root / "docs/inputs.md": with_part(root / "docs/inputs.md", "uncertainties", inputs.markdown(table)),
        root / "docs/training.md": with_part(root / "docs/training.md", "recipes", recipes.markdown()),
    }


def with_part(page: Path, name: str, part: str) -> str:
    """The text of a page with one of its parts replaced."""
    text = page.read_text(encoding="utf-8")
    head, tail = f"<!-- {name}: written by make docs -->\n", f"<!-- end of {name} -->\n"
    found = re.search(f"({re.escape(head)}).*({re.escape(tail)})", text, re.DOTALL)
    if found is None:
        raise ValueError(f"{page}: the comments around {name} are gone: write them anew")
    return f"{text[: found.end(1)]}{part}{text[found.start(2) :]}"


def main(root: Path) -> None:
    """Write them all below the root of the project."""
    for page, text in pages(root).items():
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path.cwd())
