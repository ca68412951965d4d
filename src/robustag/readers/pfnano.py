"""CMS PFNano (tree `Events`): NanoAOD with inputs of flavour taggers, read through coffea's PFNanoAODSchema.

The branches `Jet_DeepCSV_*` and `Jet_DeepJet_*` are numbers of jets, one for each place. Where a jet has
fewer elements than places, the program that wrote them left what was in memory: the feature table says which
counter tells (``beyond_count``) and that wild numbers are missing (``wild``).
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import awkward as ak
from coffea.nanoevents import PFNanoAODSchema

from robustag.features import FeatureTable
from robustag.ntuples import opened, reading, tree_of
from robustag.readers.columns import count_in
from robustag.readers.nanoaod import EVENT, PT, TREE, read_nano
from robustag.readers.preloaded import preloaded
from robustag.readers.records import Count, JetRecords


class Schema(PFNanoAODSchema):
    """coffea's, for files that lack a collection which it links, or hold only some of the candidates."""

    warn_missing_crossrefs = False
    # It would ask of partial files as many candidates as Jet_nConstituents says.
    nested_index_items: ClassVar[dict[str, Any]] = {}


def count(path: str | Path) -> Count:
    """Events of a file, and jets in them."""
    with opened_events(path) as container:
        return count_in(container, path, PT)


def read(
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    columns: Sequence[str] = (),
) -> JetRecords:
    """Read every jet of some events; files without `Jet_hadronFlavour`, such as data, have no labels.

    Raises
    ------
    InputError
        If the file is missing, damaged or no PFNano, or lacks a branch that the table names.
    """
    with opened_events(path) as container:
        return read_nano(container, path, table, entries, columns)


class _Events:
    """A `Container` of the branches of NanoAOD, read when coffea's virtual arrays are touched."""

    def __init__(self, file: Any, tree: Any, path: str | Path) -> None:
        self._file, self._path = file, path
        self.names: Sequence[str] = tree.keys()
        self.entries = int(tree.num_entries)
        self.kind = f"ROOT file, TTree {TREE}"

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """Some branches of a range of events."""
        wanted = {*names, *(f"n{name.partition('_')[0]}" for name in names), *EVENT}
        with reading(self._path), warnings.catch_warnings():
            # Of branches that its schema replaces, none of which is read here.
            warnings.filterwarnings("ignore", "Branch .* already exists", RuntimeWarning)
            events = preloaded(self._file, wanted, start, stop, Schema)
            return {name: _column(events, name) for name in names}


def _column(events: ak.Array, name: str) -> ak.Array:
    """A branch by its name in the file: `run`, or `Jet_pt` of the collection Jet."""
    if name in events.fields:
        return ak.Array(events[name].layout)
    collection, _, field = name.partition("_")
    # Without the behaviours of coffea, which want a four-momentum.
    return ak.materialize(ak.Array(events.layout.content(collection))[field])


@contextmanager
def opened_events(path: str | Path) -> Iterator[_Events]:
    """The branches of a file's events.

    Raises
    ------
    InputError
        If the file is missing, damaged or without such a tree.
    """
    with opened(path) as file:
        yield _Events(file, tree_of(file, path), path)
