"""Samples that are given as files: what they may say, which files there are, and the chunks that jobs read.

A format is a module of `robustag.readers` (see there). What its function ``read`` takes is read from its
source; it is imported only to count what is in a file that was not counted before.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import pairwise
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from robustag.errors import InputError
from robustag.failures import refusing_damage
from robustag.files import written_whole
from robustag.options import options_of, source_of
from robustag.readers import Reading
from robustag.readers.recognising import telling_the_format
from robustag.remote import is_remote, state_of
from robustag.workflow.filelists import named_files

READERS = "robustag.readers"
# What a sample says beside the options of its reader.
_OWN = frozenset({"format", "files", "jets_per_chunk", "labels", "select"})
INDEX = "files.json"
"""Name of the index of the files of a study, in its results."""
JETS_PER_CHUNK = 200_000
# Servers take a tenth of a second to answer.
_AT_ONCE = 16
_log = logging.getLogger(__name__)


# Of a file: size in bytes, time of change in ns or version, entries, jets.
_Known = list[Any]


class Chunk(NamedTuple):
    """Entries of one file that one job reads: from `start` to before `stop`, about so many jets.

    Of a file on a server, `version` is what changes with it: no time on this machine does.
    """

    file: str
    start: int
    stop: int
    jets: int
    version: str = ""


def formats(*functions: str) -> list[str]:
    """Names of all formats, or of those whose modules define some functions, too."""
    names = {file.stem for file in source_of(f"{READERS}.any").parent.glob("[a-z]*.py")}
    for function in ("count", "read", *functions):
        names = {name for name in names if options_of(f"{READERS}.{name}", function) is not None}
    return sorted(names)


def reader_source(name: str) -> Path:
    """The module that reads a format."""
    return source_of(f"{READERS}.{name}")


def reader_options(sample: Mapping[str, Any]) -> dict[str, Any]:
    """What a sample says to its reader."""
    return {key: value for key, value in sample.items() if key not in _OWN}


def reading_of(sample: Mapping[str, Any]) -> Reading:
    """How a sample that is given as files is read."""
    ranges = dict(sample.get("select", {}))
    where = ranges.pop("where", None)
    return Reading(sample["format"], reader_options(sample), sample.get("labels"), where, ranges)


def count_options(sample: Mapping[str, Any]) -> dict[str, Any]:
    """What a sample says to its reader that matters where jets are counted."""
    taken = options_of(f"{READERS}.{sample['format']}", "count") or ()
    return {option.name: sample[option.name] for option in taken if option.name in sample}


def given_chunks(config: Mapping[str, Any], index: "FileIndex") -> dict[tuple[str, str], list[Chunk]]:
    """The chunks of every selected sample that is given as files, by sample and variation ("nominal" is one).

    Samples of data have no variations.

    Raises
    ------
    InputError
        Naming the key, if a file is missing or cannot be read, or there are no jets in any.
    """
    found = {}
    run = config["run"]
    for name in (*run["samples"], *run["data"]):
        sample = config["samples"][name]
        if "format" not in sample:
            continue
        files = {("nominal", f"samples.{name}.files"): sample["files"]}
        for variation in [] if name in run["data"] else [*run["variations"], *run["pseudo_data"]]:
            given = config["variations"][variation]["files"]
            files[variation, f"variations.{variation}.files.{name}"] = given[name]
        for (variation, key), patterns in files.items():
            size = sample.get("jets_per_chunk", JETS_PER_CHUNK)
            try:
                found[name, variation] = index.chunks(sample["format"], patterns, size, count_options(sample))
            except InputError as error:
                raise InputError(f"config: {key}: {error}") from None
    return found


class FileIndex:
    """What is in the files of a study, counted once and kept beside its results.

    A file that changed since is counted again. Of one that is gone, as where an archive is unpacked, or whose
    server is out of reach, counts what the index says: nobody has to read it as long as everything made from
    it is there.

    Parameters
    ----------
    path : path
        Of the index.
    asking : bool
        Whether servers are asked for changes of files that the index knows. Every job of a cluster plans the
        study anew, and must not.

    Raises
    ------
    InputError
        If the index is damaged.
    """

    def __init__(self, path: str | Path, asking: bool = True) -> None:
        self._path = Path(path)
        self._asking = asking
        self._known: dict[str, dict[str, _Known]] = {}
        if self._path.exists():
            with refusing_damage(path, "is no index of files", "delete it", json.JSONDecodeError):
                self._known = json.loads(self._path.read_bytes())

    def chunks(
        self,
        name: str,
        files: Sequence[str],
        jets_per_chunk: int,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> list[Chunk]:
        """The chunks of files, each of no more than about `jets_per_chunk` jets and of one file.

        Parameters
        ----------
        name : str
            Of their format.
        files : sequence of str
            What `named_files` takes.
        options : mapping
            Of the function that counts.

        Raises
        ------
        InputError
            If a pattern matches nothing, a file cannot be read, or there is no jet.
        """
        counted: dict[str, _Known] = {}
        for pattern in files:
            counted |= self._counted(name, pattern, options)
        if not any(jets for _, _, _, jets in counted.values()):
            raise InputError(f"{', '.join(files)}: there are no jets: give other files")
        found = []
        for file, (size, changed, entries, jets) in counted.items():
            number = ceil(jets / jets_per_chunk)
            ends = [round(part * entries / number) for part in range(number + 1)] if number else []
            version = f"{size} {changed}" if is_remote(file) else ""
            found += [
                Chunk(file, start, stop, ceil(jets / number), version) for start, stop in pairwise(ends)
            ]
        return found

    def _counted(self, name: str, pattern: str, options: Mapping[str, Any]) -> dict[str, _Known]:
        """Size, time of change or version, entries and jets of every file of a pattern."""
        key = " ".join([name, pattern, *(f"{key}={value}" for key, value in sorted(options.items()))])
        known = self._known.get(key, {})
        matched = named_files(pattern)
        if not matched:
            if not known:
                raise InputError(f"{pattern}: there is no such file: mend the path")
            return known
        count = None
        current: dict[str, _Known] = {}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            states = list(pool.map(self._state, matched, map(known.get, matched)))
        for file, state in zip(matched, states, strict=True):
            current[file] = known.get(file, [])
            if current[file][:2] != state:
                count = count or import_module(f"{READERS}.{name}").count
                with telling_the_format(file, name):
                    current[file] = [*state, *count(file, **options)]
        if current != known:
            empty = sum(not entries for _, _, entries, _ in current.values())
            _log.info("%s: %d files, %d of them without entries", pattern, len(current), empty)
            self._known[key] = current
            with written_whole(self._path) as temporary:
                temporary.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
        return current

    def _state(self, file: str, before: _Known | None) -> list[Any]:
        """What tells that a file changed: its size, and its time of change or version."""
        if not is_remote(file):
            status = Path(file).stat()
            return [status.st_size, status.st_mtime_ns]
        if before is not None and not self._asking:
            return before[:2]
        try:
            return list(state_of(file))
        except InputError:
            if before is None:
                raise
            _log.warning("%s cannot be reached: its %d jets are those that were counted", file, before[3])
            return before[:2]
