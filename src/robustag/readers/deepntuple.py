"""CMS DeepNTuples (tree `deepntuplizer/tree`): an entry is a jet, with lists of its candidates and vertices.

Flavours are flags. Those of b are isB, isBB, isGBB, isLeptonicB, isLeptonicB_C, those of c isC, isCC, isGCC,
those of light jets isUD, isS, isUDS, isG, as many as the file has.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.readers.columns import count_in, read_in
from robustag.readers.containers import Container, opened
from robustag.readers.labels import LabelMap
from robustag.readers.records import Count, JetRecords

_TREE, _PT, _ETA = "deepntuplizer/tree", "jet_pt", "jet_eta"
_FLAGS = {
    "b": ("isB", "isBB", "isGBB", "isLeptonicB", "isLeptonicB_C"),
    "c": ("isC", "isCC", "isGCC"),
    "light": ("isUD", "isS", "isUDS", "isG"),
}


def count(path: str | Path) -> Count:
    """Jets of a file; each is an entry."""
    with opened(path, _TREE) as container:
        return count_in(container, path, _PT)


def read(
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    columns: Sequence[str] = (),
) -> JetRecords:
    """Read every jet of some entries; label -1 is a jet without a flag.

    An event is known by `event_no`, which a sample gives once; the place of a jet in it is `jet_no`.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another layout, or lacks a branch that the table names.
    """
    with opened(path, _TREE) as container:
        labels = _labels(container, path)
        wanted = [*labels.columns, *columns]
        jets = read_in(
            container,
            path,
            table,
            entries,
            wanted,
            pt=_PT,
            eta=_ETA,
            event=["event_no"],
            index="jet_no",
            weight=None,
        )
    return replace(jets, label=labels(jets.described))


def _labels(container: Container, path: str | Path) -> LabelMap:
    flags = {name: [flag for flag in known if flag in container.names] for name, known in _FLAGS.items()}
    if lone := [name for name, there in flags.items() if not there]:
        raise InputError(
            f"{path} has no flag of {lone[0]} jets, such as {_FLAGS[lone[0]][0]}: give a DeepNTuple, or read "
            "it as format columns with labels of your own"
        )
    return LabelMap(None, flags)
