"""NanoAOD-style ROOT files: one TTree `Events`, one counter a collection, provenance and checksums."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from zlib import crc32

import awkward as ak
import numpy as np
import uproot

from robustag.errors import InputError
from robustag.files import written_whole

TREE = "Events"
PROVENANCE = "provenance"
CHECKSUMS = "checksums"
_EVENTS_A_FLUSH = 2000


class NtupleWriter:
    """Collects events and writes them to an open ROOT file in large pieces; made by `new_ntuple`."""

    def __init__(self, file: uproot.WritableDirectory) -> None:
        self._file = file
        self._pending: list[dict[str, ak.Array]] = []
        self._sums: dict[str, int] = {}
        self._pending_events = 0

    def append(self, events: dict[str, ak.Array]) -> None:
        """Add events: name to array [E] of numbers, or of lists of records for a collection.

        The branches and their types are those of the first call.
        """
        self._pending.append(events)
        self._pending_events += len(next(iter(events.values())))
        if self._pending_events >= _EVENTS_A_FLUSH:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        joined = {name: ak.concatenate([part[name] for part in self._pending]) for name in self._pending[0]}
        if TREE not in self._file:
            self._file.mktree(TREE, {name: array.type.content for name, array in joined.items()})
        self._file[TREE].extend(joined)
        for column, array in joined.items():
            for branch, values in flat_branches(column, array):
                self._sums[branch] = crc32(values, self._sums.get(branch, 0))
        self._pending.clear()
        self._pending_events = 0

    def finish(self, provenance: dict) -> None:
        """Write what is left, the provenance, a JSON-serialisable dict, and a checksum of each branch."""
        self._flush()
        self._file[PROVENANCE] = json.dumps(provenance, sort_keys=True)
        self._file[CHECKSUMS] = json.dumps(self._sums, sort_keys=True)


@contextmanager
def new_ntuple(path: Path) -> Iterator[NtupleWriter]:
    """A writer for a file that gets its name when the block succeeds and vanishes when it fails."""
    with written_whole(path) as temporary, uproot.recreate(temporary, compression=uproot.ZSTD(5)) as file:
        yield NtupleWriter(file)


@contextmanager
def _opened(path: Path) -> Iterator[uproot.ReadOnlyDirectory]:
    """A file of this generator; whatever is wrong with it becomes an InputError."""
    if not Path(path).is_file():
        raise InputError(f"{path} is not a file")
    try:
        with uproot.open(path) as file:
            yield file
    except InputError:
        raise
    except Exception as error:  # uproot and its decompressors raise many kinds for a damaged file
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} cannot be read as a generated ROOT file ({reason})") from error


def read_provenance(path: Path) -> dict:
    """The settings, versions, seed and counts a file was made with.

    Raises InputError when the file cannot be read or was not written by this generator.
    """
    with _opened(path) as file:
        if PROVENANCE not in file:
            raise InputError(f"{path}: has no '{PROVENANCE}'; it was not written by the built-in generator")
        return json.loads(str(file[PROVENANCE]))


def read_branches(path: Path, names: Sequence[str]) -> ak.Array:
    """Some branches of all events, as an awkward record array [E].

    Raises InputError when the file or one of the branches cannot be read.
    """
    with _opened(path) as file:
        arrays = file[TREE].arrays(list(names))
    verify_branches(path, chain.from_iterable(_of_branch(name, arrays[name]) for name in names))
    return arrays


def _of_branch(name: str, array: ak.Array) -> Iterator[tuple[str, np.ndarray]]:
    """The numbers of a branch that was read, and its counter."""
    collection, _, field = name.partition("_")
    return flat_branches(*((collection, ak.zip({field: array})) if array.ndim > 1 else (name, array)))


def verify_branches(path: Path, branches: Iterable[tuple[str, np.ndarray]]) -> None:
    """Compare numbers that were read with the checksums in their file; those of other origin have none.

    Parameters
    ----------
    branches : iterable of (str, array)
        Name of a branch and its numbers in all events, as `flat_branches` gives them.

    Raises
    ------
    InputError
        If they differ.
    """
    with _opened(path) as file:
        sums = json.loads(str(file[CHECKSUMS])) if CHECKSUMS in file else {}
    for branch, values in branches:
        if branch in sums and sums[branch] != crc32(np.ascontiguousarray(values)):
            raise InputError(
                f"{path} is damaged (the checksum of its branch {branch} is wrong): "
                "delete it and generate it again"
            )


def flat_branches(column: str, array: ak.Array) -> Iterator[tuple[str, np.ndarray]]:
    """The branches that a column of events becomes: its numbers, or the counter and fields of its records."""
    if array.ndim == 1:
        yield column, ak.to_numpy(array)
        return
    yield f"n{column}", ak.to_numpy(ak.num(array)).astype(np.int32)
    for field in array.fields:
        yield f"{column}_{field}", ak.to_numpy(ak.flatten(array[field]))
