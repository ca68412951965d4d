"""The same jets of two blocks, made once, as every kind of file that can hold them."""

from typing import Any, NamedTuple

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

from robustag.features import FeatureTable

PLACES = 4
LABELS = {"branch": "flavour", "b": [5], "c": [4], "light": [0]}


def table(prefix: str = "", tracks: str = "{variable}", **block: Any) -> FeatureTable:
    """Mass and number of tracks of a jet, and two variables of its tracks, at these branches."""
    missing = {"stand_in": -100.0}
    own = [
        {"name": name, "unit": "1", "branch": prefix + name, "missing": missing} for name in ("mass", "ntrk")
    ]
    elements = [{"name": name, "unit": "1", "missing": missing} for name in ("d0", "sig")]
    return FeatureTable.from_document(
        {
            "data_set": "made",
            "blocks": [
                {"name": "jet", "variables": own},
                {"name": "track", "count": PLACES, "branch": tracks, "variables": elements, **block},
            ],
        }
    )


class Layout(NamedTuple):
    """How jets are read from a file: table, options of the sample, and how names of jets' numbers begin."""

    table: FeatureTable
    options: dict[str, Any]
    prefix: str = ""

    @property
    def labels(self) -> dict[str, Any]:
        return LABELS | {"branch": f"{self.prefix}flavour"}


class Made(NamedTuple):
    """Events of up to three jets of up to six tracks, nested."""

    run: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    jets: ak.Array
    tracks: ak.Array

    @classmethod
    def of(cls, events: int, seed: int = 1) -> "Made":
        rng = np.random.default_rng(seed)
        in_event = rng.integers(0, 4, events)
        jets, in_jet = in_event.sum(), rng.integers(0, 7, in_event.sum())
        d0, sig = rng.normal(size=(2, in_jet.sum())).astype(np.float32)
        own = {
            "pt": rng.uniform(20, 200, jets).astype(np.float32),
            "eta": rng.normal(size=jets).astype(np.float32),
            "mass": rng.uniform(1, 20, jets).astype(np.float32),
            "ntrk": in_jet.astype(np.int32),
            "flavour": rng.choice([5, 4, 0, 15], jets).astype(np.uint8),
        }
        tracks = ak.unflatten(ak.unflatten(ak.zip({"d0": d0, "sig": sig}), in_jet), in_event)
        event = rng.integers(0, 2**40, events).astype(np.uint64)
        weight = rng.choice([-1.0, 1.0, 2.5], events).astype(np.float32)
        return cls(
            rng.integers(1, 9, events).astype(np.uint32),
            event,
            weight,
            ak.unflatten(ak.zip(own), in_event),
            tracks,
        )

    @property
    def events(self) -> dict[str, Any]:
        """Columns of events, with the numbers of their jets as lists."""
        own = {f"Jet_{name}": self.jets[name] for name in self.jets.fields}
        return {"run": self.run, "event": self.event, "weight": self.weight, **own}

    @property
    def flat(self) -> dict[str, Any]:
        """Columns of jets."""
        counts = ak.num(self.jets)
        spread = {name: np.repeat(getattr(self, name), counts) for name in ("run", "event", "weight")}
        place = ak.to_numpy(ak.flatten(ak.local_index(self.jets, axis=1)))
        own = {name: ak.to_numpy(ak.flatten(self.jets[name])) for name in self.jets.fields}
        return {**spread, "place": place, **own}

    @property
    def lists(self) -> dict[str, ak.Array]:
        """Variables of the tracks of each jet."""
        return {name: ak.flatten(self.tracks[name], axis=1) for name in self.tracks.fields}

    def padded(self, places: int) -> dict[str, np.ndarray]:
        """The same in places [N, places], NaN where there is none."""
        return {
            name: ak.to_numpy(ak.fill_none(ak.pad_none(lists, places, clip=True), np.nan))
            for name, lists in self.lists.items()
        }


_FLAT = {"pt": "pt", "eta": "eta", "event": ["run", "event"], "index": "place", "weight": "weight"}
_EVENTS = {"pt": "Jet_pt", "eta": "Jet_eta", "event": ["run", "event"], "weight": "weight"}


def _tree(path: Any, columns: dict[str, Any], name: str = "jets") -> None:
    def kind(column: Any) -> str:
        flat = ak.flatten(column, axis=None)
        return ("var * " if ak.Array(column).ndim > 1 else "") + str(ak.to_numpy(flat).dtype)

    with uproot.recreate(path) as file:
        tree = file.mktree(name, {key: kind(column) for key, column in columns.items()})
        half = len(columns["run"]) // 2
        for part in (slice(None, half), slice(half, None)):
            tree.extend({key: column[part] for key, column in columns.items()})


def flat_tree(path: Any, made: Made) -> Layout:
    _tree(path, made.flat | made.lists)
    return Layout(table(), _FLAT)


def tree_of_places(path: Any, made: Made) -> Layout:
    placed = {f"t{place}_{n}": v[:, place] for n, v in made.padded(PLACES).items() for place in range(PLACES)}
    _tree(path, made.flat | placed)
    return Layout(table(tracks="t{place}_{variable}"), _FLAT)


def linked_tree(path: Any, made: Made) -> Layout:
    """Tracks of an event in an order of their own, some of them of no jet, with the place of their jet."""
    index = ak.flatten(ak.broadcast_arrays(ak.local_index(made.tracks, axis=1), made.tracks.d0)[0], axis=2)
    tracks = {
        "d0": ak.flatten(made.tracks.d0, axis=2),
        "sig": ak.flatten(made.tracks.sig, axis=2),
        "jet": index,
    }
    stray = {"d0": 99.0, "sig": 99.0, "jet": -1}
    tracks = {
        name: ak.concatenate([np.full((len(index), 1), stray[name]), part], axis=1)
        for name, part in tracks.items()
    }
    # Stable, so that the tracks of a jet keep their order.
    order = ak.argsort(tracks["jet"] % 2, axis=1, stable=True)
    columns = {
        f"Track_{name}": ak.values_astype(part[order], "int32" if name == "jet" else "float32")
        for name, part in tracks.items()
    }
    _tree(path, made.events | columns, "Events")
    return Layout(table("Jet_", "Track_{variable}", jet_index="Track_jet"), _EVENTS, "Jet_")


def flat_rntuple(path: Any, made: Made) -> Layout:
    with uproot.recreate(path) as file:
        file["jets"] = made.flat | made.lists
    return Layout(table(), _FLAT)


def nested_rntuple(path: Any, made: Made) -> Layout:
    with uproot.recreate(path) as file:
        file["Events"] = made.events | {f"Jet_{name}": made.tracks[name] for name in made.tracks.fields}
    return Layout(table("Jet_", "Jet_{variable}"), _EVENTS, "Jet_")


def flat_parquet(path: Any, made: Made) -> Layout:
    columns = made.flat | {name: part.to_list() for name, part in made.lists.items()}
    pq.write_table(pa.table(columns), path, row_group_size=7)
    return Layout(table(), _FLAT)


def nested_parquet(path: Any, made: Made) -> Layout:
    nested = made.events | {f"Jet_{name}": made.tracks[name] for name in made.tracks.fields}
    columns = {key: part.to_list() if isinstance(part, ak.Array) else part for key, part in nested.items()}
    pq.write_table(pa.table(columns), path, row_group_size=5)
    return Layout(table("Jet_", "Jet_{variable}"), _EVENTS, "Jet_")


def hdf5(path: Any, made: Made) -> Layout:
    """As ATLAS writes them: `jets` [N], and `tracks` [N, 40] of which some are valid."""
    jets = np.rec.fromarrays(list(made.flat.values()), names=list(made.flat))
    padded = made.padded(40)
    tracks = np.zeros((len(jets), 40), [("d0", "f4"), ("sig", "f4"), ("valid", "?")])
    for name, values in padded.items():
        tracks[name], tracks["valid"] = np.nan_to_num(values), ~np.isnan(values)
    with h5py.File(path, "w") as file:
        file["jets"], file["tracks"], file["cutBookkeeper/nominal"] = jets, tracks, np.zeros(2)
    return Layout(table(tracks="tracks.{variable}"), _FLAT)


KINDS = {
    "flat_tree": flat_tree,
    "tree_of_places": tree_of_places,
    "linked_tree": linked_tree,
    "flat_rntuple": flat_rntuple,
    "nested_rntuple": nested_rntuple,
    "flat_parquet": flat_parquet,
    "nested_parquet": nested_parquet,
    "hdf5": hdf5,
}
