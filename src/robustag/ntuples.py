"""ROOT files of jets: one TTree `Events`, and what their generator wrote beside it.

A file that is as its generator wrote it is compared with its checksums. One that was merged or cut since
(hadd, a skim) still has the provenance and checksums of its first part; it is read with a note in the log.
"""

import json
import logging
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

import awkward as ak
import numpy as np
import uproot

from robustag.errors import DamageError, InputError
from robustag.failures import refusing_damage
from robustag.remote import is_remote, state_of

TREE = "Events"
PROVENANCE = "provenance"
CHECKSUMS = "checksums"
RELATIVE_WEIGHT = "PSWeight_"
"""How branches with weights of events over `genWeight` begin; the variation that they stand for follows."""
_UNREADABLE = f"has no readable tree '{TREE}'"
_PACKAGE = str(Path(__file__).resolve().parent)
_log = logging.getLogger(__name__)


@contextmanager
def opened(path: str | Path) -> Iterator[uproot.ReadOnlyDirectory]:
    """An open ROOT file, here or on a server.

    Raises
    ------
    InputError
        If it is not there, or is no ROOT file.
    """
    if is_remote(path):
        state_of(str(path))
    elif not Path(path).is_file():
        raise InputError(f"{path} is not a file: give the path of a ROOT ntuple")
    with reading(path, _UNREADABLE):
        file = uproot.open(path)
    with file:
        yield file


@contextmanager
def reading(path: str | Path, what: str = "is damaged") -> Iterator[None]:
    """Refuse a file in which uproot, or a library below it, cannot read what is asked for inside.

    They raise almost any kind of error for bytes that make no sense. What this package itself raises is no
    fault of the file.

    Raises
    ------
    InputError
        Saying that the file `what`.
    """
    with refusing_damage(path, what, "delete it and generate it again, or copy it anew"):
        try:
            yield
        except (InputError, OSError, MemoryError):
            raise
        except Exception as error:
            if traceback.extract_tb(error.__traceback__)[-1].filename.startswith(_PACKAGE):
                raise
            foreign = type(error).__module__ != "builtins"
            raise DamageError(str(error) if foreign else "its bytes make no sense") from error


def tree_of(file: uproot.ReadOnlyDirectory, path: str | Path) -> uproot.TTree:
    """The tree of events.

    Raises
    ------
    InputError
        If there is none that can be read.
    """
    if TREE not in file.keys(recursive=False, cycle=False):
        raise InputError(f"{path} {_UNREADABLE}: give an ntuple, or generate it again")
    with reading(path, _UNREADABLE):
        tree = file[TREE]
    if not isinstance(tree, uproot.TTree):
        raise InputError(f"{path} {_UNREADABLE} but a {type(tree).__name__} of that name: write a TTree")
    return tree


def read_provenance(path: str | Path) -> dict:
    """The settings, versions, seed and counts a file, or its first part, was made with.

    Raises
    ------
    InputError
        If the file cannot be read or was not written by the built-in generator.
    """
    with opened(path) as file:
        found = _document(file, path, PROVENANCE)
        if found is None:
            raise InputError(f"{path}: has no '{PROVENANCE}'; it was not written by the built-in generator")
        checksums(file, path)  # which notes that the file is another one
        return found


def checksums(file: uproot.ReadOnlyDirectory, path: str | Path) -> Mapping[str, int]:
    """CRC-32 of every branch of a file that is as its generator wrote it; none of any other.

    ROOT and uproot give every new file an identity of its own, and in a changed one a new cycle to what they
    write again.
    """
    document = _document(file, path, CHECKSUMS)
    if document is None:
        return {}
    own = {TREE, PROVENANCE, CHECKSUMS}
    cycles = [key for key in file.keys(recursive=False) if key.split(";")[0] in own]
    if document.get("file") == file.file.hex_uuid and set(cycles) == {f"{name};1" for name in own}:
        return document.get("branches", {})
    _log.warning(
        "%s was merged or cut since it was generated, or is of an older version: what it says of its origin "
        "is that of its first part, and its content is taken as it is",
        path,
    )
    return {}


def _document(file: uproot.ReadOnlyDirectory, path: str | Path, name: str) -> dict | None:
    """What the generator wrote as JSON under a name; None if it wrote nothing."""
    if name not in file.keys(recursive=False, cycle=False):
        return None
    with reading(path):
        document = json.loads(str(file[name]))
    if not isinstance(document, dict):
        raise InputError(f"{path} is damaged (its {name} are no mapping): delete it and generate it again")
    return document


def read_branches(path: str | Path, names: Sequence[str]) -> ak.Array:
    """Some branches of all events, as an awkward record array [E].

    Raises
    ------
    InputError
        If the file is damaged or lacks one of the branches.
    """
    with opened(path) as file:
        tree = tree_of(file, path)
        if absent := [name for name in names if name not in tree]:
            raise InputError(f"{path} lacks the branch {absent[0]}: generate it again")
        with reading(path):
            arrays = tree.arrays(list(names))
        verify(chain.from_iterable(_of_branch(name, arrays[name]) for name in names), file, path)
    return arrays


def verify(
    branches: Iterable[tuple[str, np.ndarray]], file: uproot.ReadOnlyDirectory, path: str | Path
) -> None:
    """Compare numbers that were read with the checksums in their file.

    Parameters
    ----------
    branches : iterable of (str, array)
        Name of a branch and its numbers in all events, as `flat_branches` gives them.

    Raises
    ------
    InputError
        If they differ.
    """
    sums = checksums(file, path)
    for branch, values in branches:
        if branch in sums and sums[branch] != crc32(np.ascontiguousarray(values).data):
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
    flat = ak.flatten(array)
    for field in array.fields:
        yield f"{column}_{field}", ak.to_numpy(flat[field])


def _of_branch(name: str, array: ak.Array) -> Iterator[tuple[str, np.ndarray]]:
    """The numbers of a branch that was read, and its counter."""
    collection, _, field = name.partition("_")
    return flat_branches(*((collection, ak.zip({field: array})) if array.ndim > 1 else (name, array)))


def sealing(identity: str, sums: Mapping[str, int]) -> dict[str, Any]:
    """What `checksums` finds in a file: its identity, and CRC-32 of its branches."""
    return {"file": identity, "branches": dict(sums)}
