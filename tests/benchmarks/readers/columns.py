"""Files of random numbers in the layouts of CMS, and bare reading of all their branches."""

from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from robustag.features import FeatureTable

EVENT = ("run", "luminosityBlock", "event")
# Jets an event, charged candidates and vertices a jet, about as in simulated top pairs.
IN_EVENT, CANDIDATES, VERTICES = 5, 12, 1


def deepntuple(table: FeatureTable) -> Callable[[Path, int], Path]:
    """A function that writes so many jets as a DeepNTuple with the branches of a table."""

    def write(folder: Path, jets: int) -> Path:
        rng = np.random.default_rng(1)
        flavour = rng.integers(0, 4, jets)
        columns: dict = {name: (flavour == code).astype(np.uint32) for code, name in enumerate(_FLAGS)}
        columns |= {
            "event_no": np.arange(jets, dtype=np.uint32),
            "jet_no": np.zeros(jets, np.uint32),
            "jet_pt": rng.uniform(20, 200, jets).astype(np.float32),
            "jet_eta": rng.uniform(0, 2.5, jets).astype(np.float32),
        }
        for block in table.blocks:
            counts = rng.poisson(CANDIDATES if block.name == "charged" else VERTICES, jets)
            for variable in block.variables:
                numbers = rng.uniform(0, 1, jets if block.count is None else counts.sum()).astype(np.float32)
                columns.setdefault(
                    variable.branch, numbers if block.count is None else ak.unflatten(numbers, counts)
                )
        return _written(folder, "deepntuplizer/tree", columns)

    return write


_FLAGS = ("isB", "isC", "isUDS", "isG")


def nano(table: FeatureTable) -> Callable[[Path, int], Path]:
    """A function that writes so many jets as NanoAOD with the branches of a table."""

    def write(folder: Path, jets: int) -> Path:
        rng = np.random.default_rng(1)
        events = jets // IN_EVENT
        counts = np.full(events, IN_EVENT)
        kinds = {"Jet": counts, "SV": rng.poisson(VERTICES, events)}
        fields: dict[str, dict] = {"Jet": {"hadronFlavour": _lists(rng.choice([0, 4, 5], jets), counts)}}
        names = ["Jet_pt", "Jet_eta", "Jet_phi", "Jet_mass", "SV_pt", "SV_eta", "SV_phi", "SV_mass"]
        for block in table.blocks:
            places = range(block.count or 1)
            names += [v.branch.replace("{place}", str(t)) for v in block.variables for t in places]
        for name in dict.fromkeys(names):
            kind, _, field = name.partition("_")
            numbers = rng.uniform(0, 2, kinds[kind].sum()).astype(np.float32)
            fields.setdefault(kind, {})[field] = _lists(numbers, kinds[kind])
        columns = {name: np.arange(events, dtype=np.uint64) for name in EVENT}
        columns["genWeight"] = np.ones(events, np.float32)
        return _written(folder, "Events", columns | {kind: ak.zip(parts) for kind, parts in fields.items()})

    return write


def bare(path: Path) -> None:
    """All branches but the counters, as uproot gives them."""
    with uproot.open(path) as file:
        tree = file["Events" if "Events" in file else "deepntuplizer/tree"]
        tree.arrays([name for name in tree.keys(recursive=False) if not name.startswith("n")])


def _lists(numbers: np.ndarray, counts: np.ndarray) -> ak.Array:
    return ak.unflatten(numbers, counts)


def _written(folder: Path, tree: str, columns: dict) -> Path:
    path = folder / "jets.root"
    with uproot.recreate(path) as file:
        types = {
            name: column.dtype if isinstance(column, np.ndarray) else column.type.content
            for name, column in columns.items()
        }
        file.mktree(tree, types).extend(columns)
    return path
