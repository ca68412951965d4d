"""Files of columns as such: which are taken, which tree is meant, and how they refuse."""

import h5py
import numpy as np
import pytest
import uproot
from tests.unit.readers.made import KINDS, Made

from robustag.errors import InputError
from robustag.readers import read_jets
from robustag.readers.columns import count
from robustag.readers.containers import named, opened


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_one_line_or_gives_jets(tmp_path, kind):
    path = tmp_path / "x"
    layout = KINDS[kind](path, Made.of(20))
    content, rng = path.read_bytes(), np.random.default_rng(3)
    refused = []
    for _ in range(25):
        place = int(rng.integers(4, len(content)))
        damaged = bytearray(content[: place if rng.random() < 0.5 else None])
        damaged[-8:] = rng.bytes(8)
        damaged[place : place + 40] = rng.bytes(len(damaged[place : place + 40]))
        path.write_bytes(damaged)
        try:
            count(path, pt=layout.options["pt"])
            read_jets("columns", path, layout.table, None, layout.options, layout.labels)
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > 10
    assert all(str(path) in line and "\n" not in line for line in refused)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is no ROOT, parquet or HDF5 file"),
        (b"jets\n", "is no ROOT, parquet or HDF5 file"),
        (b"root", "has no readable tree"),
        (b"PAR1", "is damaged or no parquet file"),
        (b"\x89HDF", "is damaged or no HDF5 file"),
    ],
)
def test_what_is_no_such_file_is_one_line(tmp_path, content, complaint):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError, match=complaint), opened(tmp_path / "x"):
        pass
    with pytest.raises(InputError, match="gone is not a file"), opened(tmp_path / "gone"):
        pass


@pytest.mark.parametrize(
    ("trees", "said", "found"),
    [
        (["a"], None, "a"),
        (["a", "b"], "b", "b"),
        (["a", "b"], None, "has several trees: say tree: a or b"),
        (["a", "Events", "Runs"], None, "Events"),
        (["a"], "b", "has no tree 'b': say tree: a"),
        (["deep/tree", "other"], None, "has several trees: say tree: deep/tree or other"),
        (["deep/tree"], None, "deep/tree"),
        ([], None, "say tree: .there is none."),
    ],
)
def test_a_tree_is_found_by_its_name_or_because_it_is_the_only_one(tmp_path, trees, said, found):
    with uproot.recreate(tmp_path / "x.root") as file:
        file["note"] = "no tree"
        for tree in trees:
            file.mktree(tree, {f"in_{tree.replace('/', '_')}": "float32"})
    if found in trees:
        with opened(tmp_path / "x.root", said) as container:
            assert list(container.names) == [f"in_{found.replace('/', '_')}"]
    else:
        with pytest.raises(InputError, match=found), opened(tmp_path / "x.root", said):
            pass


def test_datasets_of_other_lengths_are_no_columns(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["jets"] = np.zeros(3, [("pt", "f4")])
        file["group/tracks"] = np.zeros((3, 2), [("d0", "f4")])
        file["weights"], file["eventwise"], file["lone"] = np.ones(3), np.zeros(2, [("n", "i4")]), 5
    with opened(tmp_path / "x.h5") as container:
        assert sorted(container.names) == ["group.tracks.d0", "pt", "weights"]
        assert container.read(["group.tracks.d0"], 0, 2)["group.tracks.d0"].to_list() == [[0, 0], [0, 0]]
    with opened(tmp_path / "x.h5", "eventwise") as container:
        assert (container.names, container.entries) == (["n"], 2)
    with pytest.raises(InputError, match="no dataset 'none': say tree: "), opened(tmp_path / "x.h5", "none"):
        pass


def test_texts_and_ragged_arrays_of_hdf5_are_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["jets"] = np.array([(b"a", 1), (b"bc", 2)], [("name", "S4"), ("n", "i4")])
        ragged = file.create_dataset("ragged", 2, h5py.vlen_dtype(np.float32))
        ragged[0] = [1.0, 2.0]
    with opened(tmp_path / "x.h5") as container:
        found = container.read(["name", "n", "ragged"], 0, 2)
    assert {name: part.to_list() for name, part in found.items()} == {
        "name": [b"a", b"bc"],
        "n": [1, 2],
        "ragged": [[1, 2], []],
    }


def test_a_parquet_file_has_no_trees(tmp_path):
    KINDS["flat_parquet"](tmp_path / "x", Made.of(3))
    with (
        pytest.raises(InputError, match="has no trees: leave out tree: jets"),
        opened(tmp_path / "x", "jets"),
    ):
        pass


def test_absent_columns_are_named_with_the_nearest(tmp_path):
    KINDS["flat_parquet"](tmp_path / "x", Made.of(3))
    with opened(tmp_path / "x") as container:
        named(container, ["pt", "eta"], "x")
        with pytest.raises(InputError, match=r"x lacks the branch flavor \(1 of 2 absent, .*flavour"):
            named(container, ["flavor", "pt", "flavor"], "x")
