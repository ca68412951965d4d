"""Ntuples of the built-in Monte Carlo (tree `Events`, NanoAOD style), read through coffea NanoEvents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import uproot
from coffea.nanoevents import NanoAODSchema
from coffea.nanoevents.util import concat

from robustag.classes import CLASSES, HADRON_FLAVOURS
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.features.blocks import Block, Order
from robustag.ntuples import RELATIVE_WEIGHT, flat_branches, opened, reading, tree_of, verify
from robustag.readers.elements import fill
from robustag.readers.preloaded import preloaded
from robustag.readers.records import Count, JetRecords, event_key

_TAU = HADRON_FLAVOURS["tau"]
_MEND = "generate it again, or read it with the reader of its own format"
_EVENT = ("run", "luminosityBlock", "event")
# The collection of a block that has not its name, and the order of elements where the table leaves it to the
# format: of tracks that of arXiv:2203.13890, descending signed transverse impact-parameter significance.
_COLLECTIONS = {"track": "Track", "vertex": "SV"}
_ORDERS = {"Track": Order("D0", "D0D0")}


class GeneratedSchema(NanoAODSchema):
    """NanoAOD without the collections of a full detector, and with the links Track -> Jet and SV -> Jet.

    `events.Track.jetIdx` counts jets in the event; `events.Jet._apply_global_index(events.Track.jetIdxG)` is
    the jet of each track. Branches of a collection may share a counter (`nJet`) or be lists one by one, as
    snapshots of RDataFrame and uproot write them.
    """

    warn_missing_crossrefs = False
    all_cross_references = NanoAODSchema.all_cross_references | {"Track_jetIdx": "Jet", "SV_jetIdx": "Jet"}

    def _build_collections(self, names: list[str], forms: list[dict]) -> tuple[list[str], list[dict]]:
        branches = dict(zip(names, forms, strict=True))
        for name, form in zip(names, forms, strict=True):
            collection = name.partition("_")[0]
            # coffea knows "o..." as where the lists of a collection begin; those of its first branch serve.
            if form["class"].startswith("ListOffset") and f"n{collection}" not in names:
                key = concat(form["form_key"], "!offsets")
                offsets = {"class": "NumpyArray", "primitive": "int64", "itemsize": 8, "format": "l"}
                branches.setdefault(f"o{collection}", offsets | {"form_key": key, "parameters": {}})
        return super()._build_collections(list(branches), list(branches.values()))


def count(path: str | Path) -> Count:
    """Events of an ntuple, and jets in them."""
    with opened(path) as file:
        tree = tree_of(file, path)
        if "Jet_pt" not in tree:
            raise InputError(f"{path} lacks the branch Jet_pt: {_MEND}")
        with reading(path):
            number = tree["nJet"].array() if "nJet" in tree else ak.num(tree["Jet_pt"].array())
    return Count(len(number), int(ak.sum(number)))


def read(
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    columns: Sequence[str] = (),
) -> JetRecords:
    """Read every jet of some events of one ntuple; label -1 is a jet of a tau decay, or of unknown flavour.

    Blocks of the jet itself are read from the collection `Jet`, a block track from `Track`, a block vertex
    from `SV`. The elements of a jet are put in the order of the table, and the first are kept. Branches
    `PSWeight_...` are relative weights. Described are
    run, luminosity_block, event, if the ntuple has them hadron_flavour and parton_flavour, and the further
    columns, branches of `Jet` such as `Jet_n_tracks`.

    Raises
    ------
    InputError
        If the file is missing, damaged or no ROOT file, has no tree `Events`, lacks a branch, or holds a
        flavour other than 5, 4, 0 and 15 or a track of a jet that is not there.
    """
    found = _read_columns(path, table, entries, columns)
    try:
        jets = _flatten(found, table)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return replace(jets, described={**jets.described, **{name: found[name] for name in columns}})


def branch_of(jet_variable: str) -> str:
    """Name of a jet variable within the `Jet` collection: `jet_pt` is stored as `Jet_pt`."""
    return jet_variable.removeprefix("jet_") if jet_variable in ("jet_pt", "jet_eta") else jet_variable


def _read_columns(
    path: str | Path, table: FeatureTable, entries: tuple[int, int] | None, further: Sequence[str]
) -> dict[str, np.ndarray]:
    """The numbers of every branch that `_flatten` uses, and of further ones, event after event."""
    needed = _needed(table)
    if strange := [name for name in further if not name.startswith("Jet_")]:
        raise InputError(
            f"labels and select.where of a generated sample name '{strange[0]}': "
            "name branches of Jet, as Jet_pt"
        )
    needed["Jet"] = list(dict.fromkeys([*needed["Jet"], *(name.removeprefix("Jet_") for name in further)]))
    with opened(path) as file:
        tree = tree_of(file, path)
        _check_branches(tree, path, needed)
        start, stop = entries or (0, tree.num_entries)
        relative = [name for name in tree.keys(recursive=False) if name.startswith(RELATIVE_WEIGHT)]
        with reading(path):
            events = preloaded(file, _wanted(needed), start, stop, GeneratedSchema)
            columns = dict(_touched(events, needed))
            columns |= tree.arrays(relative, entry_start=start, entry_stop=stop, library="np")
        for collection, names in needed.items():
            if f"n{collection}" not in tree:
                _check_alike(tree, path, [f"{collection}_{name}" for name in names])
        # The checksums are those of whole branches.
        if (start, stop) == (0, tree.num_entries):
            verify(columns.items(), file, path)
    return columns


def _needed(table: FeatureTable) -> dict[str, list[str]]:
    """The branches that `_flatten` uses, by collection."""
    jet = [branch_of(v.name) for block in table.blocks if block.count is None for v in block.variables]
    # coffea's own arrays cannot even be named without phi and mass.
    needed = {"Jet": ["pt", "eta", "phi", "mass", *jet]}
    for block in table.element_blocks:
        order = [name for name in _order(block) or () if name]
        needed[_collection(block)] = ["jetIdx", *(v.name for v in block.variables), *order]
    return {collection: list(dict.fromkeys(names)) for collection, names in needed.items()}


def _wanted(needed: Mapping[str, list[str]]) -> set[str]:
    """Names of all branches that are read, whether an ntuple has them or not."""
    names = {*_EVENT, "genWeight", "Jet_hadronFlavour", "Jet_partonFlavour"}
    names |= {f"n{collection}" for collection in needed}
    return names | {f"{collection}_{name}" for collection, names in needed.items() for name in names}


def _collection(block: Block) -> str:
    """Collection of the ntuple that holds the elements of a block: Track for track."""
    return _COLLECTIONS.get(block.name, block.name)


def _order(block: Block) -> Order | None:
    return block.order or _ORDERS.get(_collection(block))


def _check_branches(tree: uproot.TTree, path: str | Path, needed: Mapping[str, list[str]]) -> None:
    wanted = {"events": list(_EVENT)}
    wanted |= {collection: [f"{collection}_{n}" for n in names] for collection, names in needed.items()}
    present = set(tree.keys())
    for names in wanted.values():
        if absent := [name for name in names if name not in present]:
            raise InputError(
                f"{path} lacks the branch {absent[0]} ({len(absent)} of {len(names)} absent): {_MEND}"
            )
        for name in names:
            if (tree[name].interpretation.__class__ is uproot.AsJagged) == (name in _EVENT):
                raise InputError(
                    f"{path}: the branch {name} holds {tree[name].typename}: it must be a number per event "
                    "for run, luminosityBlock and event, and a list per event for everything else"
                )


def _check_alike(tree: uproot.TTree, path: str | Path, names: list[str]) -> None:
    """Refuse branches of one collection that have no common counter and do not hold equally many."""
    with reading(path):
        counts = [ak.to_numpy(ak.num(tree[name].array())) for name in names]
    for name, others in zip(names, counts, strict=True):
        if (counts[0] != others).any():
            raise InputError(
                f"{path}: {names[0]} and {name} hold different numbers of entries in an event: "
                "write all branches of a collection from the same objects"
            )


def _touched(events: ak.Array, needed: Mapping[str, list[str]]) -> Iterator[tuple[str, np.ndarray]]:
    """The numbers of the needed branches, by name, and of those that an ntuple may lack."""
    for name in (*_EVENT, "genWeight"):
        if name in events.fields:
            yield name, ak.to_numpy(events[name])
    for collection, names in needed.items():
        # The bare layout has no behaviour of coffea's.
        layout = events.layout.content(collection)
        wanted = [*names, *(f"{which}Flavour" for which in ("hadron", "parton") if collection == "Jet")]
        wanted = [name for name in dict.fromkeys(wanted) if name in layout.fields]
        yield from flat_branches(collection, ak.Array(layout)[wanted])


def _flatten(columns: Mapping[str, np.ndarray], table: FeatureTable) -> JetRecords:
    """Jets of all events one after another."""
    counts = columns["nJet"]
    event = np.repeat(np.arange(len(counts)), counts)
    flavours = {
        f"{which}_flavour": columns[f"Jet_{which}Flavour"].astype(np.int64)
        for which in ("hadron", "parton")
        if f"Jet_{which}Flavour" in columns
    }
    values = np.empty((len(event), table.size), np.float32)
    for block in table.blocks:
        if block.count is None:
            for column, variable in zip(block.columns[:, 0], block.variables, strict=True):
                values[:, column] = columns[f"Jet_{branch_of(variable.name)}"]
            continue
        variables = [columns[f"{_collection(block)}_{variable.name}"] for variable in block.variables]
        fill(values[:, block.first : block.first + block.size], variables, *_ranked(columns, counts, block))
    identity = [columns[name].astype(np.uint64)[event] for name in _EVENT]
    weight = columns.get("genWeight", np.ones(len(counts), np.float32))
    return JetRecords(
        values=values,
        label=_label(flavours.get("hadron_flavour", np.full(len(event), _TAU))),
        weight=weight[event],
        pt=columns["Jet_pt"],
        eta=columns["Jet_eta"],
        event=event_key(*identity),
        index=np.arange(len(event)) - np.repeat(np.cumsum(counts) - counts, counts),
        relative_weights={
            name.removeprefix(RELATIVE_WEIGHT): given[event]
            for name, given in columns.items()
            if name.startswith(RELATIVE_WEIGHT)
        },
        described=dict(zip(("run", "luminosity_block", "event"), identity, strict=True)) | flavours,
    )


def _label(flavour: np.ndarray) -> np.ndarray:
    """Class of a hadron flavour, int64 [N]; -1 for taus."""
    codes = [HADRON_FLAVOURS[name] for name in CLASSES]
    unknown = ~np.isin(flavour, [*codes, _TAU])
    if unknown.any():
        raise InputError(f"Jet_hadronFlavour holds {flavour[unknown][0]}: expected 5, 4, 0 or {_TAU} (tau)")
    return np.select([flavour == code for code in codes], range(len(codes)), default=-1)


def _ranked(
    columns: Mapping[str, np.ndarray], counts: np.ndarray, block: Block
) -> tuple[np.ndarray, np.ndarray | None]:
    """The jet of every element, int64 [M], negative for none, and by what they are ordered, float64 [M].

    counts: jets per event.
    """
    collection, order = _collection(block), _order(block)
    starts = np.cumsum(counts) - counts
    element_counts = columns[f"n{collection}"]
    index = columns[f"{collection}_jetIdx"].astype(np.int64)
    if (index >= np.repeat(counts, element_counts)).any():
        raise InputError(
            f"{collection}_jetIdx holds {index.max()}, beyond the jets of its event: generate it again"
        )
    jet = index + np.repeat(starts, element_counts)
    rank = None
    if order is not None:
        rank = columns[f"{collection}_{order.value}"].astype(np.float64)
        if order.variance is not None:
            variance = columns[f"{collection}_{order.variance}"].astype(np.float64)
            if not (variance > 0).all():
                raise InputError(
                    f"{collection}_{order.variance} holds a variance that is not positive: generate it again"
                )
            rank = rank / np.sqrt(variance)
    return np.where(index < 0, -1, jet), rank
