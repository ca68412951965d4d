"""Reading generated ntuples: order of tracks, padding, labels, and files that are not ntuples."""

import os
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from robustag.errors import InputError
from robustag.readers import event_key, read_jets
from robustag.readers.generated import branch_of


def variables(table, name):
    """Names of the variables of a block."""
    (block,) = (block for block in table.blocks if block.name == name)
    return [variable.name for variable in block.variables]


def jet_arrays(table, flavour, track_jet, d0, variance, leave_out=()):
    """Branches of jagged [event][jet] and [event][track] lists; other variables count up."""
    flavour, track_jet = ak.Array(flavour), ak.values_astype(ak.Array(track_jet), np.int32)
    ones = ak.ones_like(ak.values_astype(flavour, np.float32))
    jets = {branch_of(name): ones * position for position, name in enumerate(variables(table, "jet"))}
    jets |= {"phi": ones, "mass": ones}
    jets["hadronFlavour"] = ak.values_astype(flavour, np.uint8)
    tracks = {
        name: ak.ones_like(ak.values_astype(track_jet, np.float32)) * position
        for position, name in enumerate(variables(table, "track"))
    }
    tracks |= {"jetIdx": track_jet, "D0": ak.Array(d0), "D0D0": ak.Array(variance)}
    events = np.arange(len(flavour))
    return {
        "run": events.astype(np.uint32) * 0 + 1,
        "luminosityBlock": events.astype(np.uint32) * 0 + 2,
        "event": events.astype(np.uint64) + 10,
        "Jet": ak.zip({name: column for name, column in jets.items() if name not in leave_out}),
        "Track": ak.zip(tracks),
    }


def write_ntuple(path, table, flavour, track_jet, d0, variance, leave_out=()):
    """Write such branches as an ntuple."""
    arrays = jet_arrays(table, flavour, track_jet, d0, variance, leave_out)
    with uproot.recreate(path) as file:
        types = {
            name: column.type.content if isinstance(column, ak.Array) else column.dtype
            for name, column in arrays.items()
        }
        file.mktree("Events", types).extend(arrays)


@pytest.fixture
def ntuple(tmp_path, table):
    """Three events: two jets, none, one tau jet and one light jet without tracks."""
    path = tmp_path / "jets.root"
    write_ntuple(
        path,
        table,
        flavour=[[5, 4], [], [15, 0]],
        track_jet=[[1, 0, 0, 1] + [0] * 7, [], [0]],
        d0=[[0.3, -0.1, 0.2, 0.1] + [0.01 * i for i in range(7)], [], [9.0]],
        variance=[[0.01, 0.01, 0.04, 0.0001] + [1.0] * 7, [], [1.0]],
    )
    return path


def test_tracks_are_ordered_by_signed_significance_and_padded(ntuple, table):
    records = read_jets("generated", ntuple, table).labelled(ntuple)
    start = table.index("track_0_D0")
    first, second, light = records.values[:, start : start + 6]
    # Jet 0: significances 1.0, 0.06 ... 0.0 and -1.0; nine tracks, of which the last three fall off.
    np.testing.assert_allclose(first, [0.2, 0.06, 0.05, 0.04, 0.03, 0.02], rtol=1e-6)
    # Jet 1: 0.1 / 0.01 = 10 comes before 0.3 / 0.1 = 3.
    np.testing.assert_allclose(second[:2], [0.1, 0.3], rtol=1e-6)
    assert np.isnan(second[2:]).all()
    assert np.isnan(light).all()


def test_variables_stand_in_the_order_of_the_table(ntuple, table):
    records = read_jets("generated", ntuple, table).labelled(ntuple)
    # A pT of 0, the first, is missing.
    np.testing.assert_array_equal(records.values[0, 1:16], np.arange(1, 16))
    theta = variables(table, "track").index("THETA")
    assert records.values[0, table.index("track_0_THETA")] == theta


def test_an_ntuple_without_jets_has_no_records(tmp_path, table):
    path = tmp_path / "empty.root"
    nothing = ak.values_astype(ak.Array([[], []]), np.float32)
    write_ntuple(path, table, nothing, nothing, nothing, nothing)
    records = read_jets("generated", path, table)
    assert records.values.shape == (0, table.size)


def test_tracks_of_no_jet_are_left_out(tmp_path, table):
    path = tmp_path / "jets.root"
    write_ntuple(path, table, [[5], [4]], [[0, -1], [-1, 0]], [[0.1, 0.7], [0.8, 0.2]], [[1.0, 1.0]] * 2)
    start = table.index("track_0_D0")
    first, second = read_jets("generated", path, table).values[:, start : start + 6]
    assert first[0] == pytest.approx(0.1)
    assert second[0] == pytest.approx(0.2)
    assert np.isnan(first[1:]).all()
    assert np.isnan(second[1:]).all()


@pytest.mark.parametrize(
    ("jet", "d0", "variance", "complaint"),
    [
        (3, 0.1, 1.0, "Track_jetIdx holds 3, beyond the jets of its event"),
        (0, 0.1, 0.0, "Track_D0D0 holds a variance that is not positive"),
        (0, 0.1, float("nan"), "Track_D0D0 holds a variance that is not positive"),
        (0, 1e31, 1.0, "input 'track_0_D0' holds 1e\\+31 in 1 jets"),
    ],
)
def test_impossible_tracks_are_refused(tmp_path, table, jet, d0, variance, complaint):
    path = tmp_path / "jets.root"
    write_ntuple(path, table, [[5]], [[jet]], [[d0]], [[variance]])
    with pytest.raises(InputError, match=rf"jets\.root: {complaint}"):
        read_jets("generated", path, table)


def test_labels_leave_out_tau_jets_and_keep_event_numbers(ntuple, table):
    records = read_jets("generated", ntuple, table).labelled(ntuple)
    assert records.label.tolist() == [0, 1, 2]
    assert records.described["event"].tolist() == [10, 10, 12]
    assert records.described["luminosity_block"].tolist() == [2, 2, 2]
    assert records.described["hadron_flavour"].tolist() == [5, 4, 0]
    assert records.index.tolist() == [0, 1, 1]
    identity = (records.described[name] for name in ("run", "luminosity_block", "event"))
    np.testing.assert_array_equal(records.event, event_key(*identity))


def test_missing_branch_is_named(tmp_path, table):
    path = tmp_path / "jets.root"
    write_ntuple(path, table, [[5]], [[0]], [[0.1]], [[1.0]], leave_out=("vertex_mass",))
    with pytest.raises(InputError, match=r"jets\.root lacks the branch Jet_vertex_mass"):
        read_jets("generated", path, table)


def test_unknown_flavour_is_refused(tmp_path, table):
    path = tmp_path / "jets.root"
    write_ntuple(path, table, [[21]], [[0]], [[0.1]], [[1.0]])
    with pytest.raises(InputError, match="Jet_hadronFlavour holds 21"):
        read_jets("generated", path, table)


def test_a_file_cut_short_after_its_header_is_refused(tmp_path, ntuple, table):
    whole = ntuple.read_bytes()
    cut = tmp_path / "cut.root"
    for share in (0.3, 0.5, 0.7, 0.9):
        cut.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError, match=r"cut\.root (is damaged|has no readable tree)"):
            read_jets("generated", cut, table)


def test_absent_truncated_and_foreign_files_are_refused(tmp_path, ntuple, table):
    with pytest.raises(InputError, match="is not a file"):
        read_jets("generated", tmp_path / "absent.root", table)
    truncated = tmp_path / "truncated.root"
    truncated.write_bytes(ntuple.read_bytes()[:500])
    with pytest.raises(InputError, match="no readable tree 'Events'"):
        read_jets("generated", truncated, table)
    other = tmp_path / "other.root"
    with uproot.recreate(other) as file:
        file.mktree("Other", {"x": np.float32}).extend({"x": np.ones(3, np.float32)})
    with pytest.raises(InputError, match="no readable tree 'Events'"):
        read_jets("generated", other, table)


def test_real_detector_jets_of_another_format_are_refused_with_their_lack(table):
    folder = os.environ.get("ROBUSTAG_REAL_DATA")
    if folder is None:
        pytest.skip("ROBUSTAG_REAL_DATA names no folder of real jets")
    with pytest.raises(InputError, match="lacks the branch Jet_track_2_d0_significance"):
        read_jets("generated", Path(folder) / "nanoaodv5_ttbar_1000ev.root", table)


def test_jets_are_chosen_by_what_is_known_of_their_flavour(records):
    some = replace(records, label=np.where(records.label == 1, -1, records.label))
    known, other, ignored = (some.chosen(which, "x.root") for which in ("known", "other", "ignored"))
    assert set(known.label) == {0, 2}
    assert np.array_equal(other.event, records.event[records.label == 1])
    assert len(ignored) == len(records)
    assert (ignored.label == -1).all()
    with pytest.raises(InputError, match=r"x\.root says the flavour of no b, c or light jet, .*run\.data"):
        ignored.chosen("known", "x.root")
