"""Which files a sample names: by paths, patterns, addresses, and lists of those."""

from collections.abc import Iterator
from glob import glob
from pathlib import Path

from robustag.errors import InputError
from robustag.remote import is_remote

LIST = "@"
"""What the name of a list begins with."""


def named_files(name: str) -> list[str]:
    """The files that an entry of a sample names, each once; of paths those that are there.

    Parameters
    ----------
    name : str
        An address; a path, in which ``*`` stands for anything and ``**`` for any folders; or ``@`` and the
        path of a list, which has such a path or address in every line, the paths from the folder of the list.

    Raises
    ------
    InputError
        For a folder, for a list that cannot be read or names nothing, and for a line of it that names no file
        while others do.
    """
    found = _listed(name.removeprefix(LIST)) if name.startswith(LIST) else _matched(name)
    return list(dict.fromkeys(found))


def _matched(name: str) -> list[str]:
    if is_remote(name):
        return [name]
    if Path(name).is_dir():
        folder = name.rstrip("/")
        raise InputError(f"{name} is a folder: give its files, as {folder}/*.root, or {folder}/**/*.root")
    return [file for file in sorted(glob(name, recursive=True)) or [name] if Path(file).is_file()]


def _listed(path: str) -> Iterator[str]:
    """The files of a list; none if it is gone, or all that it names."""
    if not Path(path).exists():
        return
    try:
        lines = [line.partition("#")[0].strip() for line in Path(path).read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the list {path} cannot be read: {error}") from None
    if not any(lines):
        raise InputError(f"the list {path} names no file: write a path or an address in each line")
    files = {
        number: _matched(line if is_remote(line) else str(Path(path).parent / line))
        for number, line in enumerate(lines, 1)
        if line
    }
    lost = [number for number, matched in files.items() if not matched]
    if lost and len(lost) < len(files):
        more = f", and {len(lost) - 1} more lines" if len(lost) > 1 else ""
        raise InputError(
            f"the list {path}, line {lost[0]}: there is no file {lines[lost[0] - 1]}{more}: mend the path"
        )
    for matched in files.values():
        yield from matched
