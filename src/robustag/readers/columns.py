"""Any file of named columns, flat or jagged: ROOT (TTree, RNTuple), parquet or HDF5. No code is needed.

The feature table says where each variable is (``branch``), the sample which columns are the kinematics, the
event, the weight. An entry of the file is a jet, or an event with a list for its jets in every column of
jets: the column `pt` tells which. Elements of jets (tracks) come as lists of each jet; as columns of their
own with ``{place}`` in their name; or as lists of each event, with a column that says which jet they belong
to (``jet_index`` of the block).
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

import awkward as ak
import numpy as np

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.features.blocks import Block
from robustag.readers.containers import Container, named, opened
from robustag.readers.elements import leading
from robustag.readers.records import Count, JetRecords, event_key

_log = logging.getLogger(__name__)


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
        Column with the place of the jet in its event, where an entry is a jet; without it, 0.
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
    return Count(container.entries, int(ak.sum(ak.num(container.read([pt], 0, container.entries)[pt]))))


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
    values = np.empty((table.size, len(jets)), np.float32)
    for block in table.blocks:
        _fill(values, block, jets)
    if event:
        key = event_key(*(jets.numbers(name) for name in event))
    else:
        # Where nothing identifies events, an entry is one.
        _log.info("%s names no event: each entry counts as one of its own", path)
        key = event_key(_of_name(path, len(jets)), start + jets.entry)
    return JetRecords(
        values=np.ascontiguousarray(values.T),
        label=np.full(len(jets), -1),
        weight=jets.numbers(weight) if weight else np.ones(len(jets), np.float32),
        pt=jets.numbers(pt),
        eta=jets.numbers(eta),
        event=key,
        index=jets.numbers(index) if index else jets.place,
        described={name: jets.numbers(name) for name in dict.fromkeys([*(event or ()), *columns])},
    )


class _Jets:
    """Columns of some entries as numbers of jets and lists of elements.

    Attributes
    ----------
    entry, place : int64 [N]
        Entry of each jet, from the first that was read, and the jet's place in it.
    """

    def __init__(self, columns: Mapping[str, ak.Array], pt: str, path: str | Path) -> None:
        self._columns, self._path = columns, path
        counts = None if columns[pt].ndim == 1 else _counts(columns[pt])
        number = len(columns[pt])
        self._counts = counts
        self.entry = np.arange(number) if counts is None else np.repeat(np.arange(number), counts)
        first = 0 if counts is None else np.repeat(np.cumsum(counts) - counts, counts)
        self.place = np.zeros(number, np.int64) if counts is None else np.arange(len(self.entry)) - first
        self._first = np.zeros(number, np.int64) if counts is None else np.cumsum(counts) - counts

    def __len__(self) -> int:
        return len(self.entry)

    def numbers(self, name: str) -> np.ndarray:
        """A column as one number per jet [N]; that of an event is the number of each of its jets."""
        array = self._columns[name]
        if self._counts is None:
            return self._flat(name, array, 1)
        if array.ndim == 1:
            return self._flat(name, array, 1)[self.entry]
        numbers = self._flat(name, array, 2)
        self._same(name, _counts(array), self._counts, "jets in an entry")
        return numbers

    def elements(self, names: Sequence[str], jet_index: str | None) -> tuple[np.ndarray, list[np.ndarray]]:
        """Row of the jet of each element, int64 [M], and columns of elements [M]."""
        if jet_index is not None:
            # Lists of an entry: each element says which jet of it.
            place = self._flat(jet_index, self._columns[jet_index], 2).astype(np.int64)
            counts = _counts(self._columns[jet_index])
            jets_there = np.ones(len(counts), np.int64) if self._counts is None else self._counts
            if (place >= np.repeat(jets_there, counts)).any():
                raise InputError(
                    f"{self._path}: {jet_index} holds {place.max()}, beyond the jets of its entry: "
                    "mend the file"
                )
            jet = np.where(place >= 0, place + np.repeat(self._first, counts), -1)
            depth = 2
        else:
            array = self._columns[names[0]]
            depth = 2 if self._counts is None else 3
            if array.ndim != depth:
                raise self._shape(names[0], array, f"a list for each jet ({depth} dimensions)")
            lists = array if self._counts is None else ak.flatten(array, axis=1)
            counts = _counts(lists)
            jet = np.repeat(np.arange(len(counts)), counts)
        columns = []
        for name in names:
            columns.append(self._flat(name, self._columns[name], depth))
            if len(columns[-1]) != len(jet):
                raise InputError(
                    f"{self._path}: {name} has {len(columns[-1])} elements where others of its block have "
                    f"{len(jet)}: name branches of the same objects in one block"
                )
        return jet, columns

    def _flat(self, name: str, array: ak.Array, depth: int) -> np.ndarray:
        """The numbers of a column in one row."""
        if array.ndim != depth:
            kinds = {1: "one number per entry", 2: "a list per entry", 3: "lists of lists per entry"}
            raise self._shape(name, array, kinds[depth])
        if "?" in str(array.type):
            array = ak.fill_none(array, np.nan, axis=-1)
        try:
            return ak.to_numpy(ak.flatten(array, axis=None))
        except (TypeError, ValueError):
            raise self._shape(name, array, "numbers") from None

    def _same(self, name: str, given: np.ndarray, wanted: np.ndarray, what: str) -> None:
        if (given != wanted).any():
            raise InputError(
                f"{self._path}: {name} and the column of pt hold different numbers of {what}: mend the file"
            )

    def _shape(self, name: str, array: ak.Array, wanted: str) -> InputError:
        return InputError(f"{self._path}: the branch {name} holds {array.type.content}: it must be {wanted}")


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
    """Put the inputs of a block into their rows of values [F, N]."""
    branches = [variable.branch for variable in block.variables]
    placed = ["{place}" in name for name in branches]
    if block.count is None or all(placed):
        for row, name in zip(block.columns, branches, strict=True):
            for place, column in enumerate(row):
                values[column] = jets.numbers(name.replace("{place}", str(place)))
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
    assert block.count is not None
    values[block.columns] = leading(jet, [found[name] for name in branches], rank, block.count, len(jets))


def _counts(array: ak.Array) -> np.ndarray:
    return ak.to_numpy(ak.num(array)).astype(np.int64)


def _of_name(path: str | Path, number: int) -> np.ndarray:
    """A number made of the file's name, whatever folder it lies in, uint64 [N]."""
    return np.full(number, crc32(Path(path).name.encode()), np.uint64)
