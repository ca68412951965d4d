"""Large files that can only be read from their beginning, as ntuples that jobs read in parallel.

A format that can be converted has a third function, ``branches(path)``, which gives everything in the file
piece by piece as branches of the tree `Events`.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import awkward as ak

from robustag import __version__
from robustag.errors import InputError
from robustag.files import written_folder
from robustag.generate.ntuple import new_ntuple

# Larger pieces of an ntuple are read no faster.
_EVENTS_PER_FLUSH = 20_000


def convert_files(
    name: str, files: Sequence[Path], folder: Path, jets_per_file: int
) -> Iterator[tuple[Path, int]]:
    """Convert files in one pass each; the folder gets its name when all are.

    Parameters
    ----------
    name : str
        Of the format of the files; its entries are jets.
    folder : path
        Which is not there yet, or empty.

    Yields
    ------
    (path, int)
        Every ntuple when it is written, and the jets in it.

    Raises
    ------
    InputError
        If a file cannot be read, two have the same name, or there is something in the folder.
    """
    stems = [_stem(path) for path in files]
    if repeated := [stem for stem in stems if stems.count(stem) > 1]:
        raise InputError(f"two files are called {repeated[0]}: rename one, names identify their jets")
    branches = import_module(f"robustag.readers.{name}").branches
    with written_folder(folder) as temporary:
        for path, stem in zip(files, stems, strict=True):
            first = 0
            numbered = _numbered(branches(path), jets_per_file)
            for number, pieces in groupby(numbered, key=itemgetter(0)):
                ntuple, after = temporary / f"{stem}_{number:04d}.root", first
                with new_ntuple(ntuple, _EVENTS_PER_FLUSH) as writer:
                    for _, piece in pieces:
                        writer.append(piece)
                        after += _size(piece)
                    origin = {"converted": path.name, "format": name, "jets": [first, after]}
                    writer.finish(origin | {"version": __version__})
                yield ntuple, after - first
                first = after


def _numbered(
    pieces: Iterator[Mapping[str, ak.Array]], size: int
) -> Iterator[tuple[int, dict[str, ak.Array]]]:
    """The pieces, cut where an ntuple of so many jets is full, with the number of their ntuple, from 1."""
    done = 0
    for piece in pieces:
        at = 0
        while at < _size(piece):
            end = at + size - done % size
            part = {name: column[at:end] for name, column in piece.items()}
            yield done // size + 1, part
            done += _size(part)
            at = end


def _size(piece: Mapping[str, ak.Array]) -> int:
    return len(next(iter(piece.values())))


def _stem(path: Path) -> str:
    """Name of a file without its endings."""
    return Path(path.name.removesuffix(".gz")).stem
