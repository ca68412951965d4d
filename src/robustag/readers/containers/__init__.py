"""Files of named columns, whatever program wrote them: ROOT (TTree and RNTuple), parquet, HDF5.

A container gives arrays by name for a range of entries: numbers [E], or lists of them, nested as the file has
them. It is recognised by the first bytes of the file. Numbers that a file says do not exist are NaN.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from robustag.errors import InputError
from robustag.readers.containers.container import Container
from robustag.remote import is_remote, open_binary

__all__ = ["Container", "named", "opened"]

# First bytes of a file, and the module that reads what follows.
_KINDS = {b"root": "root", b"PAR1": "parquet", b"\x89HDF": "hdf5"}


@contextmanager
def opened(path: str | Path, tree: str | None = None) -> Iterator[Container]:
    """The columns of a file.

    Parameters
    ----------
    path : path
        Here or on a server.
    tree : str, optional
        Which tree, n-tuple or dataset of the file lists its entries; without it, the only one, or `jets`.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another kind or without such a tree.
    """
    if not (is_remote(path) or Path(path).is_file()):
        raise InputError(f"{path} is not a file: mend the path")
    with open_binary(path) as file:
        begins = file.read(4)
    if begins not in _KINDS:
        raise InputError(
            f"{path} is no ROOT, parquet or HDF5 file: give one of these, or write a reader of its format"
        )
    module = import_module(f"robustag.readers.containers.{_KINDS[begins]}")
    with module.opened(path, tree) as container:
        yield container


def named(container: Container, names: list[str], path: str | Path) -> None:
    """Refuse a file that lacks a column.

    Raises
    ------
    InputError
        Naming the first that it lacks, and the nearest names that it has.
    """
    there = set(container.names)
    if absent := [name for name in dict.fromkeys(names) if name not in there]:
        near = get_close_matches(absent[0], container.names, n=3, cutoff=0.5)
        nearest = f", the nearest names are {', '.join(near)}" if near else ""
        raise InputError(
            f"{path} lacks the branch {absent[0]} ({len(absent)} of {len(set(names))} absent{nearest}): "
            "mend the feature table or the sample, or give a file that has it"
        )
