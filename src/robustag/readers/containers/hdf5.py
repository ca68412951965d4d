"""Columns of HDF5 files: the fields of datasets, as those of ATLAS's training datasets (`jets`, `tracks`).

The dataset that lists the entries gives its fields their names. Those of others, of as many entries, are
called DATASET.FIELD: `tracks.d0`. A dataset [E, T] has a list for each entry, of those places where its field
`valid` is true, or of all T if it has none.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import awkward as ak
import h5py
import numpy as np

from robustag.errors import InputError
from robustag.failures import refusing_damage
from robustag.remote import is_remote, open_binary

_JETS = "jets"
_VALID = "valid"


class Datasets:
    """A `Container` of the datasets of an HDF5 file."""

    def __init__(self, file: h5py.File, main: str, path: str | Path) -> None:
        self._file, self._main, self._path = file, main, path
        self.entries = len(file[main])
        self.kind = f"HDF5 file, dataset {main}"
        self._places: dict[str, tuple[str, str | None]] = {}
        for dataset in sorted(_datasets(file)):
            if file[dataset].ndim and len(file[dataset]) == self.entries:
                prefix = "" if dataset == main else f"{dataset.replace('/', '.')}."
                for field in file[dataset].dtype.names or [None]:
                    self._places[f"{prefix}{field}" if field else prefix[:-1] or main] = (dataset, field)
        self.names: Sequence[str] = list(self._places)

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """Some fields of a range of entries; every dataset is read once."""
        wanted = {name: self._places[name] for name in names}
        parts, valid = {}, {}
        with refusing_damage(self._path, "is damaged", "copy it anew"):
            for dataset in {place for place, _ in wanted.values()}:
                parts[dataset] = self._file[dataset][start:stop]
        for dataset, part in parts.items():
            if part.ndim == 2:
                fields = part.dtype.names or ()
                valid[dataset] = part[_VALID].astype(bool) if _VALID in fields else np.ones(part.shape, bool)
        found = {}
        for name, (dataset, field) in wanted.items():
            values = parts[dataset] if field is None else parts[dataset][field]
            mask = valid.get(dataset)
            found[name] = _array(values) if mask is None else ak.unflatten(_array(values[mask]), mask.sum(1))
        return found


@contextmanager
def opened(path: str | Path, tree: str | None) -> Iterator[Datasets]:
    """The dataset of that name, `jets` without a name, and all others of as many entries."""
    with open_binary(path) if is_remote(path) else nullcontext(path) as source:
        with refusing_damage(path, "is damaged or no HDF5 file", "copy it anew"):
            file = h5py.File(source, "r")
        with file:
            there = sorted(_datasets(file))
            name = tree or (there[0] if len(there) == 1 else _JETS)
            if name not in there:
                raise InputError(
                    f"{path} has no dataset '{name}': say tree: {' or '.join(there) or '(there is none)'}"
                )
            yield Datasets(file, name, path)


def _array(values: np.ndarray) -> ak.Array:
    # Texts, and arrays that differ in length, are objects one by one.
    return ak.Array(values.tolist() if values.dtype.kind in "OSU" else np.ascontiguousarray(values))


def _datasets(file: h5py.File) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found
