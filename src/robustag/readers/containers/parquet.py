"""Columns of parquet files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from robustag.errors import InputError
from robustag.failures import refusing_damage


class Table:
    """A `Container` of a parquet file, of which whole row groups are read."""

    def __init__(self, file: pq.ParquetFile, path: str | Path) -> None:
        self._file, self._path = file, path
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
    with _refusing(path):
        file = pq.ParquetFile(path)
    with file:
        yield Table(file, path)


def _refusing(path: str | Path) -> AbstractContextManager[None]:
    return refusing_damage(path, "is damaged or no parquet file", "make it again", pa.ArrowException)


def _array(column: pa.ChunkedArray) -> ak.Array:
    array = ak.from_arrow(column)
    # A table without rows comes as one without type.
    return array if len(array) else ak.Array(np.zeros(0))
