"""Ntuples that somebody merged, cut or wrote again since they were generated, and those that were damaged."""

import logging

import awkward as ak
import numpy as np
import pytest
import uproot
from tests.unit.readers.test_generated import jet_arrays

from robustag.cli import main
from robustag.errors import InputError
from robustag.generate.ntuple import new_ntuple
from robustag.ntuples import read_branches, read_provenance
from robustag.readers import read_jets

NOTE = "was merged or cut since it was generated"


@pytest.fixture
def parts(tmp_path, table):
    """Two chunks of one sample, of three events each."""
    paths = [tmp_path / f"part{chunk}.root" for chunk in range(2)]
    for chunk, path in enumerate(paths):
        arrays = jet_arrays(
            table,
            flavour=[[5, 4], [], [0]],
            track_jet=[[1, 0, 0], [], [0]],
            d0=[[0.3, -0.1, 0.2 + chunk], [], [0.5]],
            variance=[[0.01, 0.01, 0.04], [], [1.0]],
        )
        with new_ntuple(path) as writer:
            writer.append({name: ak.Array(column) for name, column in arrays.items()})
            writer.finish({"chunk": chunk})
    return paths


def branches_of(paths):
    """All branches of all events of some ntuples, and what else is in the first."""
    columns = []
    for path in paths:
        with uproot.open(path) as file:
            columns.append(file["Events"].arrays())
    with uproot.open(paths[0]) as file:
        return ak.concatenate(columns), {key: str(file[key]) for key in ("provenance", "checksums")}


def rewritten(path, events, others, apart=False):
    """Write events as hadd and skims do, or as RDataFrame: every branch of a collection a list of its own."""
    columns = {}
    for name in events.fields:
        collection, _, field = name.partition("_")
        if events[name].ndim == 1:
            if not (name.startswith("n") and f"{name[1:]}_pt" in events.fields) and name != "nTrack":
                columns[name] = ak.to_numpy(events[name])
        elif apart:
            columns[name] = events[name]
        else:
            columns.setdefault(collection, {})[field] = events[name]
    columns = {name: ak.zip(value) if isinstance(value, dict) else value for name, value in columns.items()}
    types = {
        name: value.type.content if isinstance(value, ak.Array) else value.dtype
        for name, value in columns.items()
    }
    with uproot.recreate(path) as file:
        for name, texts in others.items():
            for text in texts:
                file[name] = text
        file.mktree("Events", types).extend(columns)
    return path


@pytest.mark.parametrize("kept", ["of the first part", "of both parts"])
def test_merged_chunks_are_read_with_a_note(parts, tmp_path, table, caplog, kept):
    events, first = branches_of(parts)
    _, second = branches_of(parts[1:])
    both = kept == "of both parts"
    others = {key: [first[key], second[key]] if both else [first[key]] for key in first}
    merged = rewritten(tmp_path / "merged.root", events, others)
    jets = read_jets("generated", merged, table)
    single = [read_jets("generated", path, table) for path in parts]
    assert caplog.text.count(NOTE) == 1
    assert str(merged) in caplog.text
    np.testing.assert_array_equal(jets.values, np.concatenate([part.values for part in single]))
    assert jets.described["event"].tolist() == [10, 10, 12] * 2
    caplog.clear()
    assert read_branches(merged, ["Jet_pt"]).Jet_pt.to_list() == events.Jet_pt.to_list()
    assert read_provenance(merged)["chunk"] in (0, 1)
    assert caplog.text.count(NOTE) == 2


@pytest.mark.parametrize("rows", [[0, 1], [2], [], [0, 1, 2], [2, 1, 0]])
def test_a_cut_chunk_is_read_with_a_note(parts, tmp_path, table, caplog, rows):
    """One from which nothing was cut, too: it might have lost jets."""
    events, others = branches_of(parts[:1])
    cut = rewritten(tmp_path / "cut.root", events[rows], {key: [text] for key, text in others.items()})
    assert len(read_jets("generated", cut, table)) == sum(len(flavours) for flavours in events.Jet_pt[rows])
    assert NOTE in caplog.text


def test_a_tree_that_was_written_again_in_the_same_file_is_read_with_a_note(parts, table, caplog):
    with uproot.update(parts[0]) as file:
        file["checksums"] = '{"file": "another", "branches": {"run": 1}}'
    assert len(read_jets("generated", parts[0], table)) == 3
    assert NOTE in caplog.text


def test_what_is_as_generated_is_read_without_a_note_and_refused_when_damaged(parts, table, caplog):
    assert len(read_jets("generated", parts[0], table)) == 3
    assert not caplog.text
    number = np.arange(10, 13, dtype=">u8").tobytes()  # so few are stored as they are
    content = parts[0].read_bytes()
    assert content.count(number) == 1
    at = content.index(number) + 7
    parts[0].write_bytes(content[:at] + b"\x0b" + content[at + 1 :])
    complaint = r"is damaged \(the checksum of its branch event is wrong\)"
    with pytest.raises(InputError, match=complaint) as fault:
        read_jets("generated", parts[0], table)
    assert str(fault.value).count(str(parts[0])) == 1


def test_branches_without_a_common_counter_are_read(parts, tmp_path, table, caplog, root, monkeypatch):
    events, others = branches_of(parts)
    apart = rewritten(tmp_path / "apart.root", events, {}, apart=True)
    with uproot.open(apart) as file:
        assert "nJet" not in file["Events"]
    jets = read_jets("generated", apart, table)
    together = rewritten(tmp_path / "together.root", events, {})
    np.testing.assert_array_equal(jets.values, read_jets("generated", together, table).values)
    assert not caplog.text
    monkeypatch.chdir(root)
    with uproot.update(apart) as file:
        file["checksums"] = others["checksums"]
    main(["check", str(apart)])
    assert NOTE in caplog.text


def test_branches_of_a_collection_that_disagree_are_refused(parts, tmp_path, table):
    events, _ = branches_of(parts)
    events["Jet_pt"] = events.Jet_pt[[2, 1, 0, 3, 4, 5]]
    apart = rewritten(tmp_path / "apart.root", events, {}, apart=True)
    with pytest.raises(InputError, match="Jet_pt and Jet_eta hold different numbers of entries"):
        read_jets("generated", apart, table)


@pytest.mark.parametrize("name", ["ntuples.ak", "readers.generated.ak", "readers.generated.HADRON_FLAVOURS"])
def test_a_fault_of_the_code_is_no_fault_of_the_file(parts, table, monkeypatch, name):
    monkeypatch.setattr(f"robustag.{name}", None)
    with pytest.raises((AttributeError, TypeError), match="None"):
        read_jets("generated", parts[0], table)


def test_a_note_reaches_the_log_of_a_job(parts, tmp_path, table):
    events, others = branches_of(parts)
    merged = rewritten(tmp_path / "merged.root", events, {key: [text] for key, text in others.items()})
    notes = []
    handler = logging.Handler()
    handler.emit = lambda record: notes.append(record.getMessage())
    log = logging.getLogger("robustag")  # as robustag.workflow.jobs does
    log.addHandler(handler)
    read_jets("generated", merged, table)
    log.removeHandler(handler)
    assert [note.split()[0] for note in notes] == [str(merged)]
