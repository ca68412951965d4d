"""CMS NanoAOD (tree `Events`), versions 2 to 15: variables of jets, and secondary vertices in or near them.

A block whose branches are those of `SV` and whose ``jet_index`` is `SV_jetIdx` holds the secondary vertices
of each jet: those that the jet lists (`Jet_svIdx1`, `Jet_svIdx2`, from version 12), and of files without such
lists those within 0.4 of the nearest jet. `SV_jetIdx` is computed here; no file has it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np

from robustag.classes import CLASSES, HADRON_FLAVOURS
from robustag.compiling import compiled
from robustag.features import FeatureTable
from robustag.readers.columns import count_in, read_in
from robustag.readers.containers import Container, opened
from robustag.readers.labels import LabelMap
from robustag.readers.records import Count, JetRecords

TREE, PT, ETA = "Events", "Jet_pt", "Jet_eta"
EVENT = ("run", "luminosityBlock", "event")
_FLAVOUR, _WEIGHT = "Jet_hadronFlavour", "genWeight"
_LINK = "SV_jetIdx"
_LISTS = ("Jet_svIdx1", "Jet_svIdx2")
_NEAR = ("SV_eta", "SV_phi", "Jet_eta", "Jet_phi")
_DELTA_R = 0.4


def count(path: str | Path) -> Count:
    """Events of a file, and jets in them."""
    with opened(path, TREE) as container:
        return count_in(container, path, PT)


def read(
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    columns: Sequence[str] = (),
) -> JetRecords:
    """Read every jet of some events; files without `Jet_hadronFlavour`, such as data, have no labels.

    Raises
    ------
    InputError
        If the file is missing, damaged or no NanoAOD, or lacks a branch that the table names.
    """
    with opened(path, TREE) as container:
        return read_nano(container, path, table, entries, columns)


def read_nano(
    container: Container,
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None,
    columns: Sequence[str],
) -> JetRecords:
    """Jets of a container of NanoAOD's branches, with their flavours and weights if it has them."""
    labelled = _FLAVOUR in container.names
    jets = read_in(
        _WithLinks(container),
        path,
        table,
        entries,
        [*([_FLAVOUR] if labelled else []), *columns],
        pt=PT,
        eta=ETA,
        event=EVENT,
        index=None,
        weight=_WEIGHT if _WEIGHT in container.names else None,
    )
    if not labelled:
        return jets
    codes = LabelMap(_FLAVOUR, {name: [HADRON_FLAVOURS[name]] for name in CLASSES})
    return replace(jets, label=codes(jets.described))


class _WithLinks:
    """The branches of a file, and `SV_jetIdx`."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self.entries, self.kind = container.entries, container.kind
        there = set(container.names)
        self._listed = there.issuperset(_LISTS)
        self._needed = [*_LISTS, "SV_pt"] if self._listed else list(_NEAR)
        linked = [_LINK] if there.issuperset(self._needed) else []
        self.names: Sequence[str] = [*container.names, *linked]

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """Some branches of a range of events."""
        if _LINK not in names:
            return self._container.read(names, start, stop)
        own = list(dict.fromkeys([*(name for name in names if name != _LINK), *self._needed]))
        found = dict(self._container.read(own, start, stop))
        return found | {_LINK: _listed(found) if self._listed else _nearest(found)}


def _listed(columns: Mapping[str, ak.Array]) -> ak.Array:
    """The jet of each vertex by the lists of the jets; -1 for none."""
    counts = ak.to_numpy(ak.num(columns["SV_pt"]))
    starts = np.cumsum(counts) - counts
    jet = np.full(counts.sum(), -1, np.int64)
    for name in reversed(_LISTS):  # the first list wins
        index = ak.to_numpy(ak.flatten(columns[name])).astype(np.int64)
        event = np.repeat(np.arange(len(counts)), ak.to_numpy(ak.num(columns[name])))
        place = ak.to_numpy(ak.flatten(ak.local_index(columns[name])))
        there = (index >= 0) & (index < counts[event])
        jet[starts[event[there]] + index[there]] = place[there]
    return ak.unflatten(jet, counts)


def _nearest(columns: Mapping[str, ak.Array]) -> ak.Array:
    """The nearest jet of each vertex within `_DELTA_R`; -1 for none."""
    counts = [ak.to_numpy(ak.num(columns[f"{kind}_eta"])).astype(np.int64) for kind in ("SV", "Jet")]
    places = [ak.to_numpy(ak.flatten(columns[name])).astype(np.float32) for name in _NEAR]
    return ak.unflatten(_matched(*counts, *places), counts[0])


@compiled
def _matched(
    vertices: np.ndarray,
    jets: np.ndarray,
    eta: np.ndarray,
    phi: np.ndarray,
    jet_eta: np.ndarray,
    jet_phi: np.ndarray,
) -> np.ndarray:
    """Place in its event of the jet of each vertex, from the numbers of both in every event."""
    found = np.full(len(eta), -1)
    vertex = first = 0
    for event in range(len(vertices)):
        for _ in range(vertices[event]):
            best = _DELTA_R * _DELTA_R
            for place in range(jets[event]):
                turn = (phi[vertex] - jet_phi[first + place] + math.pi) % (2 * math.pi) - math.pi
                distance = (eta[vertex] - jet_eta[first + place]) ** 2 + turn**2
                if distance < best:
                    best, found[vertex] = distance, place
            vertex += 1
        first += jets[event]
    return found
