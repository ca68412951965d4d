"""NanoAOD-style ROOT files: one TTree `Events`, one counter a collection, provenance beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType

import awkward as ak
import uproot

from robustag.errors import InputError

TREE = "Events"
PROVENANCE = "provenance"
_EVENTS_A_FLUSH = 2000


class NtupleWriter:
    """Writes events to a temporary file and gives it its name when everything is done.

    Use as a context manager: leaving it normally renames the file, leaving it by an exception removes it.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        self._pending: list[dict[str, ak.Array]] = []
        self._pending_events = 0

    def __enter__(self) -> NtupleWriter:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = uproot.recreate(self._temporary, compression=uproot.ZSTD(5))
        return self

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
        self._pending.clear()
        self._pending_events = 0

    def finish(self, provenance: dict) -> None:
        """Write what is left and the provenance, a JSON-serialisable dict."""
        self._flush()
        self._file[PROVENANCE] = json.dumps(provenance, sort_keys=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            os.replace(self._temporary, self._path)
        else:
            self._temporary.unlink(missing_ok=True)


def read_provenance(path: Path) -> dict:
    """The settings, versions, seed and counts a file was made with.

    Raises InputError when the file was not written by this generator.
    """
    with uproot.open(path) as file:
        if PROVENANCE not in file:
            raise InputError(f"{path}: has no '{PROVENANCE}'; it was not written by the built-in generator")
        return json.loads(str(file[PROVENANCE]))
