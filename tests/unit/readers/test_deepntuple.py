"""CMS DeepNTuples: flags of every layout, real jets by flavour, and files that are none."""

import os
from pathlib import Path

import numpy as np
import pytest
import uproot

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.readers import read_jets
from robustag.readers.deepntuple import count

REAL = os.environ.get("ROBUSTAG_REAL_DATA")
real = pytest.mark.skipif(REAL is None, reason="ROBUSTAG_REAL_DATA names no folder of real jets")


@pytest.fixture(scope="module")
def shipped(root):
    return FeatureTable.load(root / "config/features/deepntuple.yaml")


@pytest.fixture
def small():
    variables = [{"name": name, "unit": "1", "missing": {"stand_in": 0.0}} for name in ("jet_pt", "jet_eta")]
    return FeatureTable.from_document({"data_set": "d", "blocks": [{"name": "jet", "variables": variables}]})


def written(path, **flags):
    """A file of four jets in two events with these flags."""
    columns = {
        "jet_pt": np.array([30, 40, 50, 60], np.float32),
        "jet_eta": np.zeros(4, np.float32),
        "event_no": np.array([7, 7, 9, 9], np.uint32),
        "jet_no": np.array([0, 3, 1, 2], np.uint32),
        **{name: np.array(values, np.uint32) for name, values in flags.items()},
    }
    with uproot.recreate(path) as file:
        tree = file.mktree("deepntuplizer/tree", {name: column.dtype for name, column in columns.items()})
        tree.extend(columns)
    return path


def test_flags_of_any_layout_make_flavours(tmp_path, small):
    old = written(
        tmp_path / "old.root", isB=[1, 0, 0, 0], isC=[0, 1, 0, 0], isUDS=[0, 0, 1, 0], isG=[0, 0, 0, 0]
    )
    new = written(
        tmp_path / "new.root",
        **{"isB": [0, 0, 0, 0], "isGBB": [1, 0, 0, 0], "isCC": [0, 1, 0, 0], "isUD": [0, 0, 0, 0]},
        **{"isS": [0, 0, 1, 0]},
    )
    for path in (old, new):
        jets = read_jets("deepntuple", path, small)
        assert jets.label.tolist() == [0, 1, 2, -1]
        assert jets.index.tolist() == [0, 3, 1, 2]
        assert jets.event[0] == jets.event[1] != jets.event[2] == jets.event[3]


def test_a_file_without_flags_of_a_flavour_is_refused(tmp_path, small):
    path = written(tmp_path / "none.root", isB=[1, 0, 0, 0], isUDS=[0, 1, 1, 1])
    with pytest.raises(InputError, match="no flag of c jets"):
        read_jets("deepntuple", path, small)


@real
def test_real_jets_are_counted_by_flavour(shipped):
    path = Path(REAL) / "deepntuple_ttbar_7199jets.root"
    assert count(path) == (7199, 7199)
    jets = read_jets("deepntuple", path, shipped)
    assert np.bincount(jets.label).tolist() == [2232, 899, 4068]
    assert len(np.unique(jets.event)) == 2929
    part = read_jets("deepntuple", path, shipped, (1000, 1200))
    np.testing.assert_array_equal(part.values, jets.values[1000:1200])


@real
def test_candidates_come_by_falling_pt_and_tails_are_clipped(shipped):
    path = Path(REAL) / "deepntuple_ttbar_7199jets.root"
    jets = read_jets("deepntuple", path, shipped)
    charged = shipped.element_block("charged")
    columns = dict(zip((variable.name for variable in charged.variables), charged.columns, strict=True))
    pt, dxy = jets.values[:, columns["pt"]], jets.values[:, columns["dxy"]]
    with uproot.open(path) as file:
        tree = file["deepntuplizer/tree"]
        branches = [tree[f"Cpfcan_{name}"].array() for name in ("pt", "dxy")]
    for jet in (0, 17, 4321):
        order = np.argsort(-branches[0][jet].to_numpy(), kind="stable")[: charged.count]
        found = pt[jet][~np.isnan(pt[jet])]
        np.testing.assert_array_equal(found, branches[0][jet].to_numpy()[order])
        clipped = np.clip(branches[1][jet].to_numpy()[order], -0.2, 0.2).astype(np.float32)
        np.testing.assert_array_equal(dxy[jet][: len(order)], clipped)
    assert np.nanmax(np.abs(dxy)) == pytest.approx(0.2)
