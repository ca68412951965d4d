"""Any file of named columns, flat or jagged: ROOT (TTree, RNTuple), parquet or HDF5. No code is needed.

The feature table says where each variable is (``branch``), the sample which columns are the kinematics, the
event, the weight. An entry of the file is a jet, or an event with a list for its jets in every column of
jets: the column `pt` tells which. Elements of jets (tracks) come as lists of each jet; as columns of their
own with ``{place}`` in their name; or as lists of each event, with a column that says which jet they belong
to (``jet_index`` of the block).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.features.blocks import Block
from robustag.readers.containers import Container, named, opened
from robustag.readers.elements import fill
from robustag.readers.records import Count, JetRecords, entry_key, event_key


def count(path: str | Path, *, pt: str, tree: str | None = None) -> Count:
    """Entries of a file and jets in them."""
    with opened(path, tree) as container:
        return count_in(container, path, pt)


def read(
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    columns: Sequence[str] = (),
    *,
    pt: str,
    eta: str,
    event: list[str] | None = None,
    index: str | None = None,
    weight: str | None = None,
    tree: str | None = None,
) -> JetRecords:
    """Read every jet of some entries; the sample's `labels` say what they are.

    Parameters
    ----------
    pt, eta : str
        Columns of the jet's kinematics (GeV, 1).
    event : list of str, optional
        Columns of integers that identify an event together; without them, the name of the file and the entry.
    index : str, optional
        Column with the place of the jet in its event, where an entry is a jet; without it, a number made of
        its kinematics, which tells the jets of an event apart.
    weight : str, optional
        Column of the weight of the event; without it, 1.
    tree : str, optional
        Tree or dataset that lists the entries; without it, the only one of the file.

    Raises
    ------
    InputError
        If the file is missing or damaged, lacks a column, or has one of another shape than its use asks for.
    """
    with opened(path, tree) as container:
        return read_in(
            container, path, table, entries, columns, pt=pt, eta=eta, event=event, index=index, weight=weight
        )


def count_in(container: Container, path: str | Path, pt: str) -> Count:
    """Entries of a container and jets in them; pt: a column of jets."""
    named(container, [pt], path)
    if container.entries == 0:
        return Count(0, 0)
    if container.read([pt], 0, 1)[pt].ndim == 1:
        return Count(container.entries, container.entries)
    return Count(container.entries, len(_Jets(container.read([pt], 0, container.entries), pt, path)))


def read_in(
    container: Container,
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None,
    columns: Sequence[str],
    *,
    pt: str,
    eta: str,
    event: Sequence[str] | None,
    index: str | None,
    weight: str | None,
) -> JetRecords:
    """Jets of an open container; see `read`."""
    start, stop = entries or (0, container.entries)
    own = [name for name in (pt, eta, *(event or ()), index, weight, *columns) if name is not None]
    wanted = list(dict.fromkeys([*own, *(name for block in table.blocks for name in _branches(block))]))
    named(container, wanted, path)
    jets = _Jets(container.read(wanted, start, stop), pt, path)
    values = np.empty((len(jets), table.size), np.float32)
    for block in table.blocks:
        _fill(values[:, block.first : block.first + block.size], block, jets)
    # Where nothing identifies events, an entry is one.
    key = event_key(*map(jets.whole, event)) if event else entry_key(path, start + jets.entry)
    if index:
        in_event = jets.whole(index)
    elif event and not jets.in_events:
        in_event = _of_kinematics(jets.numbers(pt), jets.numbers(eta))
    else:
        in_event = jets.place
    return JetRecords(
        values=values,
        label=np.full(len(jets), -1),
        weight=jets.numbers(weight) if weight else np.ones(len(jets), np.float32),
        pt=jets.numbers(pt),
        eta=jets.numbers(eta),
        event=key,
        index=in_event,
        described={name: jets.numbers(name) for name in dict.fromkeys([*(event or ()), *columns])},
    )


class _Jets:
    """Columns of some entries as numbers of jets and lists of elements.

    Attributes
    ----------
    in_events : bool
        Whether an entry is an event, and not a jet.
    entry, place : int64 [N]
        Entry of each jet, from the first that was read, and the jet's place in it.
    """

    def __init__(self, columns: Mapping[str, ak.Array], pt: str, path: str | Path) -> None:
        self._columns, self._path = columns, path
        entries = len(columns[pt])
        jagged = columns[pt].ndim > 1
        self._counts = self._numbers(pt, 2)[1][0] if jagged else np.ones(entries, np.int64)
        self.in_events = jagged
        self._first = np.cumsum(self._counts) - self._counts
        self.entry = np.repeat(np.arange(entries), self._counts)
        self.place = np.arange(len(self.entry)) - self._first[self.entry]

    def __len__(self) -> int:
        return len(self.entry)

    def numbers(self, name: str) -> np.ndarray:
        """A column as one number per jet [N]; that of an event is the number of each of its jets."""
        if not self.in_events:
            return self._numbers(name, 1)[0]
        if self._columns[name].ndim == 1:
            return self._numbers(name, 1)[0][self.entry]
        numbers, (counts,) = self._numbers(name, 2)
        self._same(counts, self._counts, f"{name} and the column of pt", "jets in an entry")
        return numbers

    def whole(self, name: str) -> np.ndarray:
        """The same for a column of integers, which may be stored as another kind of number."""
        numbers = self.numbers(name)
        if numbers.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                integers = numbers.astype(np.int64)
            if (wrong := integers != numbers).any():
                raise InputError(
                    f"{self._path}: {name} holds {numbers[wrong][0]:g}: it must be whole numbers to tell "
                    "events or jets apart"
                )
            return integers
        return numbers

    def elements(self, names: Sequence[str], jet_index: str | None) -> tuple[np.ndarray, list[np.ndarray]]:
        """Row of the jet of each element, int64 [M], and columns of elements [M]."""
        first, depth = (names[0], 3 if self.in_events else 2) if jet_index is None else (jet_index, 2)
        numbers, counts = self._numbers(first, depth)
        if jet_index is not None:
            # Lists of an entry: each element says which jet of it.
            place = numbers.astype(np.int64)
            if (place >= np.repeat(self._counts, counts[0])).any():
                raise InputError(
                    f"{self._path}: {jet_index} holds {place.max()}, beyond the jets of its entry: "
                    "mend the file"
                )
            jet = np.where(place >= 0, place + np.repeat(self._first, counts[0]), -1)
        else:
            if self.in_events:
                self._same(counts[0], self._counts, f"{first} and the column of pt", "jets in an entry")
            jet = np.repeat(np.arange(len(self)), counts[-1])
        columns = []
        for name in names:
            column, own = self._numbers(name, depth)
            for given, wanted in zip(own, counts, strict=True):
                self._same(given, wanted, f"{name} and {first}", "elements")
            columns.append(column)
        return jet, columns

    def _numbers(self, name: str, depth: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """Numbers of a column one after another, and how many each of its lists holds, outermost first."""
        array = self._columns[name]
        layout: Any = ak.to_packed(array).layout
        counts: list[np.ndarray] = []
        for _ in range(depth - 1):
            if not len(layout):  # no file has to say of what
                counts.append(np.zeros(0, np.int64))
                continue
            if layout.is_numpy:
                layout = layout.to_RegularArray()
            if not layout.is_list:
                raise self._shape(name, array, depth)
            layout = layout.to_ListOffsetArray64(True)
            counts.append(np.diff(np.asarray(layout.offsets)))
            layout = layout.content
        if not len(layout):
            return np.zeros(0), counts
        if layout.is_option:
            layout = ak.fill_none(ak.Array(layout), np.nan).layout
        if not (layout.is_numpy and layout.purelist_depth == 1 and layout.dtype.kind in "biuf"):
            raise self._shape(name, array, depth)
        return np.asarray(layout.data), counts

    def _same(self, given: np.ndarray, wanted: np.ndarray, names: str, what: str) -> None:
        if not np.array_equal(given, wanted):
            raise InputError(
                f"{self._path}: {names} hold different numbers of {what}: name columns of the same objects, "
                "or mend the file"
            )

    def _shape(self, name: str, array: ak.Array, depth: int) -> InputError:
        wanted = ("a number", "a list of numbers", "a list of lists of numbers")[depth - 1]
        return InputError(
            f"{self._path}: the branch {name} holds {array.type.content} per entry: it must be {wanted} there"
        )


def _branches(block: Block) -> list[str]:
    """The columns that a block needs."""
    places = range(block.count or 1)
    names = [v.branch.replace("{place}", str(place)) for v in block.variables for place in places]
    linked = [block.jet_index] if block.jet_index else []
    order = [name for name in block.order or () if name] if block.count else []
    return list(dict.fromkeys([*names, *linked, *(_branch_of(block, name) for name in order)]))


def _branch_of(block: Block, name: str) -> str:
    """Where the file keeps what an order names: a variable of the block, or a branch."""
    return next((variable.branch for variable in block.variables if variable.name == name), name)


def _fill(values: np.ndarray, block: Block, jets: _Jets) -> None:
    """Put the inputs of a block into their columns of values [N, V T]."""
    branches = [variable.branch for variable in block.variables]
    placed = ["{place}" in name for name in branches]
    if block.count is None or all(placed):
        branches = [name.replace("{place}", str(t)) for name in branches for t in range(block.count or 1)]
        for column, name in enumerate(branches):
            values[:, column] = jets.numbers(name)
        return
    if any(placed):
        lone = branches[placed.index(False)]
        raise InputError(
            f"block '{block.name}' of the feature table has branches with {{place}} and without it, as "
            f"{lone}: give all of a block the same layout"
        )
    order = [_branch_of(block, name) for name in block.order or () if name]
    jet, columns = jets.elements(list(dict.fromkeys([*branches, *order])), block.jet_index)
    found = dict(zip(dict.fromkeys([*branches, *order]), columns, strict=True))
    rank = None
    if order:
        rank = found[order[0]].astype(np.float64)
        if len(order) > 1:
            with np.errstate(invalid="ignore", divide="ignore"):
                rank = rank / np.sqrt(found[order[1]].astype(np.float64))
    fill(values, [found[name] for name in branches], jet, rank)


def _of_kinematics(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """A number made of the bits of pT and pseudorapidity, int64 [N]."""
    high, low = (part.astype(np.float32).view(np.uint32).astype(np.uint64) for part in (pt, eta))
    return (high << np.uint64(32) | low).view(np.int64)
