"""The ROOT writer: layout, provenance, nothing half-written."""

import random
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from robustag.errors import InputError
from robustag.generate.ntuple import new_ntuple
from robustag.ntuples import read_branches, read_provenance


def _events(first: int, n: int) -> dict[str, ak.Array]:
    counts = np.arange(first, first + n) % 3
    values = np.arange(counts.sum(), dtype=np.float32) + first
    return {
        "event": ak.Array(np.arange(first, first + n, dtype=np.uint64)),
        "Jet": ak.unflatten(ak.zip({"pt": values, "flavour": values.astype(np.int32)}), counts),
    }


def test_events_come_back_with_one_counter_a_collection(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "chunk.root"
    with new_ntuple(path) as writer:
        for first in range(0, 5000, 500):
            writer.append(_events(first, 500))
        writer.finish({"seed": 3, "sample": {"process": "bb"}})
    with uproot.open(path) as file:
        tree = file["Events"]
        assert set(tree.keys()) == {"event", "nJet", "Jet_pt", "Jet_flavour"}
        assert tree["event"].array(library="np").tolist() == list(range(5000))
        assert ak.all(ak.num(tree["Jet_pt"].array()) == tree["nJet"].array())
        assert file.file.compression.name == "ZSTD"
    assert read_provenance(path) == {"seed": 3, "sample": {"process": "bb"}}


def test_a_failure_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "chunk.root"
    path.write_bytes(b"old")

    def fail() -> None:
        with new_ntuple(path) as writer:
            writer.append(_events(0, 3000))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["chunk.root"]
    assert path.read_bytes() == b"old"


def test_a_foreign_file_has_no_provenance(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "other.root") as file:
        file["name"] = "value"
    with pytest.raises(InputError, match="not written by the built-in generator"):
        read_provenance(tmp_path / "other.root")


def test_a_bit_that_changed_on_the_disk_is_noticed(tmp_path: Path) -> None:
    """Most of them neither ROOT nor ZSTD would notice."""
    path = tmp_path / "chunk.root"
    with new_ntuple(path) as writer:
        writer.append(_events(0, 300))
        writer.finish({})
    names = ["event", "Jet_pt", "Jet_flavour"]
    whole, content = path.read_bytes(), read_branches(path, names).to_list()
    chance, complaints = random.Random(1), []
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            assert read_branches(path, names).to_list() == content
        except InputError as error:
            complaints.append(str(error))
    assert sum("the checksum of its branch" in complaint for complaint in complaints) > 5
    assert all("chunk.root" in complaint and "\n" not in complaint for complaint in complaints)
