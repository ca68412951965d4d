"""Reading a file of a given format."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from robustag.features import FeatureTable
from robustag.readers.records import JetRecords


def read_jets(
    name: str,
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> JetRecords:
    """Jets of a file, labelled or not, checked and with NaN for every missing entry.

    Parameters
    ----------
    name : str
        Of a format: a module of this package.
    entries : (int, int), optional
        First entry, and the one after the last; what an entry is, the format says. Without it, all.
    options : mapping
        Of the format.

    Raises
    ------
    InputError
        Naming the file, what is wrong with it and how to mend it.
    """
    reader = import_module(f"robustag.readers.{name}")
    return reader.read(path, table, entries, **options).cleaned(path, table)


def stream_jets(name: str, path: str | Path, table: FeatureTable) -> Iterator[JetRecords]:
    """The same jets of a whole file, piece by piece where its format has a function ``stream``.

    Raises
    ------
    InputError
        As `read_jets`.
    """
    reader = import_module(f"robustag.readers.{name}")
    parts = reader.stream(path, table) if hasattr(reader, "stream") else [reader.read(path, table)]
    for jets in parts:
        yield jets.cleaned(path, table)
