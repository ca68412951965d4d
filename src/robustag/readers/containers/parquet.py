"""Columns of parquet files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from robustag.errors import InputError
from robustag.failures import refusing_damage
from robustag.remote import is_remote, open_binary


class Table:
    """A `Container` of a parquet file, of which whole row groups are read."""

    def __init__(self, file: pq.ParquetFile, path: str | Path) -> None:
        self._file, self._path = file, path
        self.kind = "parquet file"
        self.names: Sequence[str] = file.schema_arrow.names
        groups = [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)]
        self._ends = np.cumsum([0, *groups])
        self.entries = int(self._ends[-1])

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """Some columns of a range of rows."""
        touched = np.flatnonzero((self._ends[1:] > start) & (self._ends[:-1] < stop))
        with _refusing(self._path):
            rows = self._file.read_row_groups(touched.tolist(), columns=list(names))
        first = int(self._ends[touched[0]]) if len(touched) else 0
        rows = rows.slice(start - first, stop - start)
        return {name: _array(rows[name]) for name in names}


@contextmanager
def opened(path: str | Path, tree: str | None) -> Iterator[Table]:
    """The only table that there is."""
    if tree is not None:
        raise InputError(f"{path} is a parquet file, which has no trees: leave out tree: {tree}")
    with open_binary(path) if is_remote(path) else nullcontext(path) as source:
        with _refusing(path):
            file = pq.ParquetFile(source)
        with file:
            yield Table(file, path)


def _refusing(path: str | Path) -> AbstractContextManager[None]:
    return refusing_damage(path, "is damaged or no parquet file", "make it again", pa.ArrowException)


def _array(column: pa.ChunkedArray) -> ak.Array:
    """Numbers, NaN where there is none, or lists of them, empty where there is none."""
    return ak.Array(_layout(column.combine_chunks()))


def _layout(array: pa.Array) -> ak.contents.Content:
    # By hand: awkward 2.14 takes the nulls of a part of a column from its beginning.
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        counts = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        offsets = ak.index.Index64(np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]))
        return ak.contents.ListOffsetArray(offsets, _layout(array.flatten()))
    if pa.types.is_boolean(kind):
        array = array.cast(pa.uint8())
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return ak.contents.NumpyArray(array.to_numpy(zero_copy_only=False))
    return ak.from_iter(array.to_pylist(), highlevel=False)
