"""Ntuples of the built-in Monte Carlo (tree `Events`, NanoAOD style), read through coffea NanoEvents."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import awkward as ak
import numpy as np
from coffea.nanoevents import NanoAODSchema, NanoEventsFactory

from robustag.errors import InputError
from robustag.generate.ntuple import flat_branches, verify_branches
from robustag.readers.records import FLAVOURS, Columns, JetRecords

# Jets of hadronic tau decays: no class of the study.
_TAU = 15


class GeneratedSchema(NanoAODSchema):
    """NanoAOD without the collections of a full detector, and with the links Track -> Jet and SV -> Jet.

    `events.Track.jetIdx` counts jets in the event; `events.Jet._apply_global_index(events.Track.jetIdxG)` is
    the jet of each track.
    """

    warn_missing_crossrefs = False
    all_cross_references = NanoAODSchema.all_cross_references | {"Track_jetIdx": "Jet", "SV_jetIdx": "Jet"}


class AllJets(NamedTuple):
    """Every jet of an ntuple, those of tau decays included.

    records: what a tagger needs of them. index: place of the jet in its event, int64 [N]. flavour: hadron
    flavour (5, 4, 0, 15), int64 [N]; None where the ntuple has none, as in data.
    """

    records: JetRecords
    index: np.ndarray
    flavour: np.ndarray | None


def read_generated(path: str | Path, table: Columns) -> JetRecords:
    """Read the labelled jets of one generated ntuple.

    The tracks of a jet are put in the order of arXiv:2203.13890, descending signed transverse
    impact-parameter significance D0 / sqrt(D0D0), and the first `table.tracks` are kept. Jets labelled
    as tau decays are left out.

    Raises
    ------
    InputError
        If the file is missing, damaged or no ROOT file, has no tree `Events`, lacks a branch, or holds a
        flavour other than 5, 4, 0 and 15, a track of a jet that is not there, or a number no detector gives.
    """
    jets = read_all_jets(path, table)
    if jets.flavour is None:
        raise InputError(
            f"{path} lacks the branch Jet_hadronFlavour: only simulated jets train and test taggers"
        )
    return jets.records.select(jets.flavour != _TAU)


def read_all_jets(path: str | Path, table: Columns) -> AllJets:
    """Read every jet of one ntuple in the generator's format, labelled or not; see `read_generated`."""
    events = _open(Path(path))
    _check_branches(events, path, table)
    try:
        # Branches are read here, when they are first touched.
        jets = _flatten(events, table)
        verify_branches(Path(path), _read_branches(events, table))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:  # uproot and its decompressors raise many kinds for a damaged file
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} is damaged ({reason}): delete it and generate it again") from error
    if jets.flavour is not None:
        unknown = ~np.isin(jets.flavour, [*FLAVOURS, _TAU])
        if unknown.any():
            found = int(jets.flavour[unknown][0])
            raise InputError(f"{path}: Jet_hadronFlavour holds {found}: expected 5, 4, 0 or {_TAU} (tau)")
    jets.records.check(path, table)
    return jets


def branch_of(jet_variable: str) -> str:
    """Name of a jet variable within the `Jet` collection: `jet_pt` is stored as `Jet_pt`."""
    return jet_variable.removeprefix("jet_") if jet_variable in ("jet_pt", "jet_eta") else jet_variable


def _open(path: Path) -> ak.Array:
    if not path.is_file():
        raise InputError(f"{path} is not a file: give the path of a ROOT ntuple")
    try:
        return NanoEventsFactory.from_root(
            {str(path): "Events"}, schemaclass=GeneratedSchema, mode="virtual"
        ).events()
    except Exception as error:  # uproot raises many kinds for a damaged file
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} has no readable tree 'Events' ({reason}): generate it again") from error


def _check_branches(events: ak.Array, path: str | Path, table: Columns) -> None:
    needed = {
        "Jet": ["pt", "eta", "phi", "mass", *map(branch_of, table.jet_variables)],
        "Track": ["jetIdx", *table.track_variables],
    }
    for collection, names in needed.items():
        # The bare layout: coffea's own arrays cannot even be named while kinematics are missing.
        present = events.layout.content(collection).fields if collection in events.fields else []
        if absent := [name for name in names if name not in present]:
            raise InputError(
                f"{path} lacks the branch {collection}_{absent[0]} ({len(absent)} of {len(names)} absent): "
                "generate it again, or read it with the reader of its own format"
            )


def _read_branches(events: ak.Array, table: Columns) -> Iterator[tuple[str, np.ndarray]]:
    """The numbers of the branches that `_flatten` uses."""
    for name in ("run", "luminosityBlock", "event"):
        yield name, ak.to_numpy(events[name])
    jets = ["pt", "eta", *map(branch_of, table.jet_variables), "hadronFlavour"]
    for collection, names in (("Jet", jets), ("Track", ["jetIdx", *table.track_variables])):
        layout = events.layout.content(collection)
        wanted = [name for name in dict.fromkeys(names) if name in layout.fields]
        yield from flat_branches(collection, ak.Array(layout)[wanted])


def _flatten(events: ak.Array, table: Columns) -> AllJets:
    """Jets of all events one after another."""
    jets, tracks = events.Jet, events.Track
    counts = ak.to_numpy(ak.num(jets.pt))
    labelled = "hadronFlavour" in jets.fields
    flavour = ak.to_numpy(ak.flatten(jets.hadronFlavour)).astype(np.int64) if labelled else None
    identifiers = {"run": events.run, "luminosity_block": events.luminosityBlock, "event": events.event}
    jet_values = np.stack(
        [ak.to_numpy(ak.flatten(jets[branch_of(name)])).astype(np.float64) for name in table.jet_variables],
        axis=1,
    )
    records = JetRecords(
        values=np.concatenate([jet_values, _leading_tracks(tracks, counts, table)], axis=1),
        label=_label(flavour) if labelled else np.full(counts.sum(), -1),
        pt=ak.to_numpy(ak.flatten(jets.pt)).astype(np.float32),
        eta=ak.to_numpy(ak.flatten(jets.eta)).astype(np.float32),
        **{name: np.repeat(ak.to_numpy(ids).astype(np.uint64), counts) for name, ids in identifiers.items()},
    )
    return AllJets(records, ak.to_numpy(ak.flatten(ak.local_index(jets.pt))).astype(np.int64), flavour)


def _label(flavour: np.ndarray) -> np.ndarray:
    """Class index of a hadron flavour; tau jets, removed by the caller, count as light here."""
    return np.select([flavour == FLAVOURS[0], flavour == FLAVOURS[1]], [0, 1], default=2).astype(np.int64)


def _leading_tracks(tracks: ak.Array, counts: np.ndarray, table: Columns) -> np.ndarray:
    """Variables of the first tracks of every jet, float64 [N, variables * tracks], variable-major.

    tracks: [event][track] records with the index of their jet within the event; counts: jets an event.
    """
    offsets = np.concatenate([[0], np.cumsum(counts)])
    track_counts = ak.to_numpy(ak.num(tracks.jetIdx))
    index = ak.to_numpy(ak.flatten(tracks.jetIdx)).astype(np.int64)
    if (index >= np.repeat(counts, track_counts)).any():
        raise InputError(f"Track_jetIdx holds {index.max()}, beyond the jets of its event: generate it again")
    jet = index + np.repeat(offsets[:-1], track_counts)
    flat = np.stack(
        [ak.to_numpy(ak.flatten(tracks[name])).astype(np.float64) for name in table.track_variables]
    )
    d0 = flat[table.track_variables.index("D0")]
    variance = flat[table.track_variables.index("D0D0")]
    if not (variance > 0).all():
        raise InputError("Track_D0D0 holds a variance that is not positive: generate it again")
    order = np.lexsort((-d0 / np.sqrt(variance), jet))
    order = order[index[order] >= 0]  # -1 is NanoAOD's "belongs to no jet"
    jet, flat = jet[order], flat[:, order]
    # Rank of a track within its jet: its position minus the position of the jet's first track.
    rank = np.arange(len(jet)) - np.searchsorted(jet, jet)
    kept = rank < table.tracks
    out = np.full((len(table.track_variables), table.tracks, offsets[-1]), np.nan)
    out[:, rank[kept], jet[kept]] = flat[:, kept]
    return out.reshape(len(table.track_variables) * table.tracks, offsets[-1]).T
