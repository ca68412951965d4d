"""Where files stand: what comes with the package, and what a configuration names."""

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from robustag.errors import InputError
from robustag.workflow.fingerprints import meaning

PACKAGE = Path(__file__).resolve().parents[1]
CONFIG_SCHEMA, FEATURES_SCHEMA = (
    PACKAGE / "workflow/schemas" / f"{name}.schema.yaml" for name in ("config", "features")
)

DEFAULT = PACKAGE / "config/config.yaml"
"""The default configuration, as the package has it."""


def located(name: str | Path, projects: Iterable[str | Path] = ()) -> str:
    """Where a file stands that is named by its path in a project, such as "config/config.yaml".

    It is looked for in the current folder, as Snakemake does, then in some projects, then in the package,
    which has the configuration and the tables of this project. A file that is nowhere keeps its name.
    """
    places = [Path(folder, name) for folder in ("", *projects, PACKAGE)]
    return str(next((place for place in places if place.is_file()), name))


def locate_files(config: dict, projects: Iterable[str | Path] = ()) -> None:
    """Put in the place of every file that a configuration names where it stands, in place; see `located`."""
    for section, key in ((config, "features"), (config.get("validation"), "published")):
        if isinstance(section, dict) and isinstance(section.get(key), str):
            section[key] = located(section[key], projects)


def check_package(source: str | Path) -> None:
    """Refuse a package that means something else than the source in the project's folder, if there is one.

    Raises
    ------
    InputError
        Naming the first file that differs.
    """
    source = Path(source)
    if not source.is_dir() or source.samefile(PACKAGE):
        return
    names = {
        file.relative_to(folder)
        for folder in (source, PACKAGE)
        for pattern in ("**/*.py", "workflow/schemas/*.yaml")
        for file in folder.glob(pattern)
    }
    for name in sorted(names):
        if not _same(source / name, PACKAGE / name):
            raise InputError(
                f"robustag is installed in {PACKAGE}, and its {name} is not that of {source}: "
                "install this project again (or build its image anew), or set PYTHONPATH to its folder src"
            )


def _same(one: Path, other: Path) -> bool:
    """Whether two files are there and mean the same."""
    if not (one.is_file() and other.is_file()):
        return False
    texts = [file.read_text(encoding="utf-8") for file in (one, other)]
    return texts[0] == texts[1] or (one.suffix == ".py" and meaning(texts[0]) == meaning(texts[1]))


def quote_interpreter() -> None:
    """Make the path of Python a word of the shell.

    Snakemake puts it into the commands of its jobs as it stands; in a folder with a space or a quote in its
    name no job would find it.
    """
    if os.path.isfile(sys.executable):
        sys.executable = shlex.quote(sys.executable)
