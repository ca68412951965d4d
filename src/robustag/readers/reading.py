"""Reading a file of a given format."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.readers.conditions import Condition
from robustag.readers.labels import LabelMap
from robustag.readers.recognising import telling_the_format
from robustag.readers.records import JetRecords


class Reading(NamedTuple):
    """How the files of a sample are read, and which of their jets are used.

    Attributes
    ----------
    format : str
    options, labels, where
        As `read_jets` takes them.
    ranges : mapping
        Of pt (GeV) and eta, the lower end included.
    """

    format: str = "generated"
    options: Mapping[str, Any] = MappingProxyType({})
    labels: Mapping[str, Any] | None = None
    where: str | None = None
    ranges: Mapping[str, Sequence[float]] = MappingProxyType({})

    def jets(self, path: str | Path, table: FeatureTable) -> JetRecords:
        """The jets of a file that are used, labelled or not; see `read_jets`."""
        read = (None, self.options, self.labels, self.where)
        return read_jets(self.format, path, table, *read).within(self.ranges)

    def stream(self, path: str | Path, table: FeatureTable) -> Iterator[JetRecords]:
        """The same, piece by piece where the format can and neither labels nor a condition ask for more."""
        if self.labels or self.where or self.options:
            yield self.jets(path, table)
            return
        for jets in stream_jets(self.format, path, table):
            yield jets.within(self.ranges)


def read_jets(
    name: str,
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    labels: Mapping[str, Any] | None = None,
    where: str | None = None,
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
    labels : mapping, optional
        Which flavour a jet has (`robustag.readers.labels`); without it, the format says.
    where : str, optional
        Condition on the jets that are kept (`robustag.readers.conditions`); without it, all.

    Raises
    ------
    InputError
        Naming the file, what is wrong with it and how to mend it.
    """
    reader = import_module(f"robustag.readers.{name}")
    flavours = LabelMap.parse(labels) if labels else None
    condition = Condition(where) if where else None
    columns = list(
        dict.fromkeys([*(flavours.columns if flavours else []), *(condition.columns if condition else [])])
    )
    if columns and "columns" not in signature(reader.read).parameters:
        raise InputError(
            f"format {name} reads inputs alone: leave out labels and select.where of the sample, or give its "
            "function read a parameter columns"
        )
    # A format of one's own need not know of further columns.
    further = {"columns": columns} if columns else {}
    with telling_the_format(path, name):
        jets = reader.read(path, table, entries, **further, **options)
    if flavours:
        jets = replace(jets, label=flavours(jets.described))
    if condition:
        jets = jets.select(condition(jets.described))
    return jets.cleaned(path, table)


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
