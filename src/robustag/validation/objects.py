"""The collections of a generated ntuple as flat tables, with truth."""

from dataclasses import dataclass
from pathlib import Path

import awkward as ak
import numpy as np
import pandas as pd

from robustag.classes import HADRON_FLAVOURS
from robustag.ntuples import read_branches

_BRANCHES = {
    "Jet": ("pt", "eta", "phi", "hadronFlavour", "n_tracks"),
    "Track": (
        *("jetIdx", "pt", "D0", "Z0", "THETA", "D0D0", "Z0Z0", "QOVERP", "QOVERPQOVERP"),
        *("vertex_displacement", "d0_signed_significance", "true_D0", "true_Z0", "true_QOVERP", "origin"),
    ),
    "SV": ("jetIdx", "mass", "ntracks", "dlen", "dlenSig"),
    "GenPart": (
        *("pt", "eta", "phi", "mass", "pdgId"),
        *("vx", "vy", "vz", "decay_x", "decay_y", "decay_z"),
    ),
}
_EVENT = ("PV_x", "PV_y", "PV_z", "GenVtx_x", "GenVtx_y", "GenVtx_z")


@dataclass(frozen=True)
class Objects:
    """Jets, their tracks and vertices, heavy particles and events of one ntuple; units mm, GeV, rad.

    Columns are the branches without their prefix. `jets.flavour` is b, c, light or tau; `event` in every
    table and `jet` in tracks and vertices are row numbers of events and jets; tracks carry eta and the
    flavour of their jet, vertices the flavour.
    """

    events: pd.DataFrame
    jets: pd.DataFrame
    tracks: pd.DataFrame
    vertices: pd.DataFrame
    particles: pd.DataFrame


def read_objects(path: str | Path) -> Objects:
    """Read one generated ntuple.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a branch.
    """
    names = [f"{collection}_{name}" for collection, branches in _BRANCHES.items() for name in branches]
    arrays = read_branches(Path(path), [*_EVENT, *names])
    flat = {collection: _flat(arrays, collection) for collection in _BRANCHES}
    jets, tracks, vertices = flat["Jet"], flat["Track"], flat["SV"]
    jets["flavour"] = jets.pop("hadronFlavour").map({code: name for name, code in HADRON_FLAVOURS.items()})
    first = np.searchsorted(jets["event"], np.arange(len(arrays)))
    for table in (tracks, vertices):
        table["jet"] = first[table["event"]] + table.pop("jetIdx")
        table["flavour"] = jets["flavour"].to_numpy()[table["jet"]]
    jet_theta = 2.0 * np.arctan(np.exp(-jets["eta"].to_numpy(np.float64)))
    theta = tracks.pop("THETA") + jet_theta[tracks["jet"]]
    tracks["eta"] = -np.log(np.tan(0.5 * theta))
    events = pd.DataFrame({name: ak.to_numpy(arrays[name]).astype(np.float64) for name in _EVENT})
    return Objects(events, jets, tracks, vertices, flat["GenPart"])


def _flat(arrays: ak.Array, collection: str) -> pd.DataFrame:
    """One collection, a row per object, with the row number of its event."""
    branches = _BRANCHES[collection]
    counts = ak.to_numpy(ak.num(arrays[f"{collection}_{branches[0]}"]))
    columns = {name: ak.to_numpy(ak.flatten(arrays[f"{collection}_{name}"])) for name in branches}
    return pd.DataFrame({"event": np.repeat(np.arange(len(counts)), counts), **columns})
