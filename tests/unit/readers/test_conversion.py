"""Lines of JSON to ntuples: every input as before, whole files or none, one pass."""

import json

import numpy as np
import pytest
import uproot
from coffea.nanoevents import NanoEventsFactory
from tests.jet_lines import jet_line, random_jets, write_lines, write_random

from robustag.cli import main
from robustag.readers import JetRecords, generated, read_jets
from robustag.readers.jet_flavor import JET_VARIABLES, TRACK_VARIABLES

JETS = 130


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("lines") / "jets.json.gz", JETS)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr("robustag.readers.text._READ", 20_000)


def convert(*arguments):
    return main(["convert", *map(str, arguments)])


@pytest.mark.parametrize("size", [1000, 130, 50, 7])
def test_every_input_is_the_same_number(lines, tmp_path, table, size, capsys):
    assert convert(lines, "--out", tmp_path / "out", "--jets-per-file", size) == 0
    files = sorted((tmp_path / "out").iterdir())
    number = -(-JETS // size)
    assert [file.name for file in files] == [f"jets_{part:04d}.root" for part in range(1, number + 1)]
    assert f"{JETS} jets in {number} ntuples" in capsys.readouterr().out
    assert [generated.count(file).jets for file in files[:-1]] == [size] * (number - 1)
    found = JetRecords.joined([read_jets("generated", file, table) for file in files])
    expected = read_jets("jet_flavor", lines, table)
    for column, name in enumerate(table.names):
        assert found.values[:, column].tobytes() == expected.values[:, column].tobytes(), name
    for column in set(found.columns()) - {"values"}:
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column), err_msg=column)
    for name in ("run", "luminosity_block", "event", "parton_flavour"):
        np.testing.assert_array_equal(found.described[name], expected.described[name])


def test_all_tracks_and_columns_are_there(lines, tmp_path):
    jets, tracks = random_jets(JETS)
    assert convert(lines, "--out", tmp_path / "out") == 0
    (file,) = (tmp_path / "out").iterdir()
    with uproot.open(file) as opened:
        arrays = opened["Events"].arrays()
        assert json.loads(str(opened["provenance"]))["converted"] == "jets.json.gz"
    assert arrays.nTrack.tolist() == arrays.Jet_n_tracks[:, 0].tolist() == [len(each) for each in tracks]
    assert max(arrays.nTrack) > 6
    for place, name in enumerate(JET_VARIABLES):
        branch = "Jet_partonFlavour" if name == "flavor" else f"Jet_{generated.branch_of(name)}"
        np.testing.assert_array_equal(arrays[branch][:, 0].to_numpy(), jets[:, place].astype(np.float32))
    for place, name in enumerate(TRACK_VARIABLES):
        flat = np.concatenate([arrays[f"Track_{name}"][jet].to_numpy() for jet in range(JETS)])
        np.testing.assert_array_equal(flat, np.concatenate(tracks)[:, place].astype(np.float32))


def test_coffea_reads_it(lines, tmp_path):
    assert convert(lines, "--out", tmp_path / "out") == 0
    (file,) = (tmp_path / "out").iterdir()
    factory = NanoEventsFactory.from_root({str(file): "Events"}, schemaclass=generated.GeneratedSchema)
    events = factory.events()
    jets, tracks = random_jets(JETS)
    of_b = events.Jet[events.Jet.hadronFlavour == 5].pt[:, :1].to_list()
    assert [bool(each) for each in of_b] == (jets[:, 2] == 5).tolist()
    np.testing.assert_array_equal(events.Jet.pt[:, 0].to_numpy(), jets[:, 0].astype(np.float32))
    owner = events.Jet._apply_global_index(events.Track.jetIdxG)
    assert owner[3].pt.tolist() == [np.float32(jets[3, 0])] * len(tracks[3])


def test_several_files_are_one_folder(lines, tmp_path, table):
    other = write_random(tmp_path / "more.json", 20, seed=2)
    (tmp_path / "out").mkdir()
    assert convert(lines, other, "--out", tmp_path / "out", "--jets-per-file", 100) == 0
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == ["jets_0001.root", "jets_0002.root", "more_0001.root"]
    parts = [read_jets("generated", tmp_path / "out" / name, table) for name in names]
    assert len(np.unique(JetRecords.joined(parts).event)) == JETS + 20


def test_nothing_half_written_stays(tmp_path, capsys):
    written = list(map(jet_line, *random_jets(40)))
    path = write_lines(tmp_path / "jets.json", [*written, "[1, 2]"])
    assert convert(path, "--out", tmp_path / "out", "--jets-per-file", 10) == 2
    assert f"{path}: line 41 has 2 entries in a jet" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [path]
    # What a killed process left is in nobody's way.
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial/jets_0009.root").touch()
    write_lines(path, written)
    assert convert(path, "--out", tmp_path / "out", "--jets-per-file", 20) == 0
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert {entry.name for entry in tmp_path.iterdir()} == {"jets.json", "out"}


def test_what_cannot_be_converted_is_refused(lines, tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "note").touch()
    assert convert(lines, "--out", taken) == 2
    assert "taken is there: give a new folder" in capsys.readouterr().err
    twin = tmp_path / "jets.json"
    twin.write_text("")
    assert convert(lines, twin, "--out", tmp_path / "out") == 2
    assert "two files are called jets" in capsys.readouterr().err
    jets, tracks = random_jets(1)
    tracks[0][2, 5] = np.nan
    path = write_lines(tmp_path / "odd.json", [jet_line(jets[0], tracks[0])])
    assert convert(path, "--out", tmp_path / "out") == 2
    assert "line 1 has a track with D0D0 = nan" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
