"""Writing NanoAOD-style ROOT files: one counter per collection, provenance and checksums."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import awkward as ak
import uproot

from robustag.files import written_whole
from robustag.ntuples import CHECKSUMS, PROVENANCE, TREE, flat_branches, sealing

_EVENTS_A_FLUSH = 2000


class NtupleWriter:
    """Collects events and writes them to an open ROOT file in large pieces; made by `new_ntuple`."""

    def __init__(self, file: uproot.WritableDirectory, events_per_flush: int) -> None:
        self._file = file
        self._events_per_flush = events_per_flush
        self._pending: list[dict[str, ak.Array]] = []
        self._sums: dict[str, int] = {}
        self._pending_events = 0

    def append(self, events: dict[str, ak.Array]) -> None:
        """Add events: name to array [E] of numbers, or of lists of records for a collection.

        The branches and their types are those of the first call.
        """
        self._pending.append(events)
        self._pending_events += len(next(iter(events.values())))
        if self._pending_events >= self._events_per_flush:
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
                self._sums[branch] = crc32(values.data, self._sums.get(branch, 0))
        self._pending.clear()
        self._pending_events = 0

    def finish(self, provenance: dict) -> None:
        """Write what is left, the provenance, a JSON-serialisable dict, and a checksum of each branch."""
        self._flush()
        self._file[PROVENANCE] = json.dumps(provenance, sort_keys=True)
        # With the identity of the file, which no other has: ROOT gives one to every file it writes.
        self._file[CHECKSUMS] = json.dumps(sealing(self._file.file.hex_uuid, self._sums), sort_keys=True)


@contextmanager
def new_ntuple(path: Path, events_per_flush: int = _EVENTS_A_FLUSH) -> Iterator[NtupleWriter]:
    """A writer for a file that gets its name when the block succeeds and vanishes when it fails.

    events_per_flush: events that are kept in memory, and are one piece of the file.
    """
    with written_whole(path) as temporary, uproot.recreate(temporary, compression=uproot.ZSTD(5)) as file:
        yield NtupleWriter(file, events_per_flush)
