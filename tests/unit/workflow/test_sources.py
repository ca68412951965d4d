"""Samples that are given as files: their options, their files, and the chunks that jobs read."""

import os

import numpy as np
import pytest
from tests.servers import serving

from robustag.errors import InputError
from robustag.remote import state_of
from robustag.workflow.definitions import format_faults
from robustag.workflow.sources import FileIndex, formats, given_chunks

RUN = {"samples": ["mine"], "data": [], "variations": [], "pseudo_data": []}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder of files with 10, 0 and 4 entries of two jets, and the names of those that were counted."""
    for name, entries in (("a", 10), ("b", 0), ("c", 4)):
        (tmp_path / f"{name}.txt").write_text("x" * entries)
    asked = []

    class Reader:
        @staticmethod
        def count(path):
            asked.append(os.path.basename(path))
            size = os.path.getsize(path)
            return size, 2 * size

    monkeypatch.setattr("robustag.workflow.sources.import_module", lambda name: Reader)
    return tmp_path, asked


def test_chunks_cover_every_entry_once_and_follow_the_number_of_jets(files):
    folder, _ = files
    chunks = FileIndex(folder / "index.json").chunks("any", [f"{folder}/*.txt"], 6)
    entries = [(os.path.basename(chunk.file), i) for chunk in chunks for i in range(chunk.start, chunk.stop)]
    assert entries == [("a.txt", i) for i in range(10)] + [("c.txt", i) for i in range(4)]
    assert all(2 * (chunk.stop - chunk.start) <= 6 + 2 for chunk in chunks)
    assert [chunk.file for chunk in chunks].count(f"{folder}/a.txt") == 4
    assert max(chunk.jets for chunk in chunks) <= 6


def test_ten_million_jets_in_one_file_are_cut(files):
    folder, _ = files
    with (folder / "large.bin").open("wb") as file:
        file.truncate(5_000_000)
    chunks = FileIndex(folder / "index.json").chunks("any", [f"{folder}/large.bin"], 200_000)
    assert len(chunks) == 50
    assert np.ptp([chunk.stop - chunk.start for chunk in chunks]) <= 1


def test_files_are_counted_once_and_again_when_they_change(files):
    folder, asked = files
    pattern = f"{folder}/*.txt"
    first = FileIndex(folder / "index.json").chunks("any", [pattern, pattern], 6)
    assert asked == ["a.txt", "b.txt", "c.txt"]
    assert FileIndex(folder / "index.json").chunks("any", [pattern], 6) == first
    assert len(asked) == 3
    (folder / "c.txt").write_text("x" * 5)
    assert len(FileIndex(folder / "index.json").chunks("any", [pattern], 6)) == len(first)
    assert asked[3:] == ["c.txt"]


def test_where_the_files_are_gone_the_index_still_knows_them(files):
    folder, asked = files
    patterns = [f"{folder}/a.txt", f"{folder}/[bc].txt"]
    first = FileIndex(folder / "index.json").chunks("any", patterns, 6)
    for name in "abc":
        (folder / f"{name}.txt").unlink()
    assert FileIndex(folder / "index.json").chunks("any", patterns, 6) == first
    assert len(asked) == 3


def test_a_file_with_brackets_in_its_name_is_found(files):
    folder, _ = files
    (folder / "d[1].txt").write_text("xx")
    assert len(FileIndex(folder / "index.json").chunks("any", [f"{folder}/d[1].txt"], 6)) == 1


def names(chunks):
    return list(dict.fromkeys(os.path.basename(chunk.file) for chunk in chunks))


def test_folders_below_are_searched_on_request(files):
    folder, _ = files
    (folder / "deep/er").mkdir(parents=True)
    (folder / "deep/er/d.txt").write_text("xx")
    index = FileIndex(folder / "index.json")
    assert names(index.chunks("any", [f"{folder}/*.txt"], 6)) == ["a.txt", "c.txt"]
    assert names(index.chunks("any", [f"{folder}/**/*.txt"], 6)) == ["a.txt", "c.txt", "d.txt"]


def test_a_list_names_files_from_its_own_folder(files):
    folder, _ = files
    (folder / "lists").mkdir()
    (folder / "lists/mine.list").write_text(
        f"# of this week\n../c.txt  # a short one\n\n{folder}/b.txt\n../[ab].txt\n"
    )
    chunks = FileIndex(folder / "index.json").chunks("any", [f"@{folder}/lists/mine.list"], 100)
    assert names(chunks) == ["c.txt", "a.txt"]


def test_files_without_entries_are_counted_in_the_log(files, caplog):
    folder, _ = files
    with caplog.at_level("INFO"):
        FileIndex(folder / "index.json").chunks("any", [f"{folder}/*.txt"], 6)
    assert f"{folder}/*.txt: 3 files, 1 of them without entries" in caplog.text


def test_where_a_list_is_gone_the_index_still_knows_its_files(files):
    folder, _ = files
    (folder / "mine.list").write_text("a.txt\nc.txt\n")
    first = FileIndex(folder / "index.json").chunks("any", [f"@{folder}/mine.list"], 6)
    for gone in (("a.txt", "c.txt"), ("mine.list",)):
        for name in gone:
            (folder / name).unlink()
        assert FileIndex(folder / "index.json").chunks("any", [f"@{folder}/mine.list"], 6) == first


def test_files_of_a_server_are_asked_for_changes_by_who_plans_alone(files, caplog, monkeypatch):
    folder, _ = files
    counted = []

    class Reader:
        @staticmethod
        def count(url):
            counted.append(url)
            size = state_of(url).size
            return size, 2 * size

    monkeypatch.setattr("robustag.workflow.sources.import_module", lambda name: Reader)

    def chunks(asking):
        return FileIndex(folder / "index.json", asking).chunks("any", [f"{address}/a.txt"], 100)

    with serving(folder) as (address, asked):
        (first,) = chunks(asking=False)
        assert (first.file, first.stop, counted) == (f"{address}/a.txt", 10, [first.file])
        assert chunks(asking=True) == [first]
        del asked[:]
        assert chunks(asking=False) == [first]
        assert asked == []
        (folder / "a.txt").write_text("y" * 10)
        assert chunks(asking=False) == [first]
        (changed,) = chunks(asking=True)
        assert changed[:4] == first[:4]
        assert changed.version != first.version
        assert len(counted) == 2
    # Its server is away: what is known stands, and what is not is refused.
    assert chunks(asking=True) == [changed]
    assert f"{address}/a.txt cannot be reached: its 20 jets are those that were counted" in caplog.text
    with pytest.raises(InputError, match=r"b\.txt cannot be reached"):
        FileIndex(folder / "index.json").chunks("any", [f"{address}/b.txt"], 100)


@pytest.mark.parametrize(
    ("patterns", "complaint"),
    [
        (["{}/none*.txt"], "there is no such file: mend the path"),
        (["{}/a.txt", "{}/gone.txt"], r"gone\.txt: there is no such file"),
        (["{}/b.txt"], r"b\.txt: there are no jets: give other files"),
        (["{}/"], r"is a folder: give its files, as .*/\*\.root, or .*/\*\*/\*\.root"),
        (["@{}/none.list"], r"@.*none\.list: there is no such file"),
        (
            ["@{}/empty.list"],
            r"the list .*empty\.list names no file: write a path or an address in each line",
        ),
        (["@{}/lost.list"], r"the list .*lost\.list, line 3: there is no file gone\.txt, and 1 more lines"),
        (["@{}/binary.list"], r"the list .*binary\.list cannot be read: .*utf-8"),
    ],
)
def test_files_that_are_of_no_use_are_named(files, patterns, complaint):
    folder, _ = files
    (folder / "empty.list").write_text("# nothing yet\n\n")
    (folder / "lost.list").write_text("a.txt\n\ngone.txt\nlost.txt\n")
    (folder / "binary.list").write_bytes(b"\xff\xfe\x00")
    sample = {"format": "generated", "files": [pattern.format(folder) for pattern in patterns]}
    config = {"samples": {"mine": sample}, "run": RUN}
    with pytest.raises(InputError, match=rf"config: samples\.mine\.files: .*{complaint}"):
        given_chunks(config, FileIndex(folder / "index.json"))


def test_a_damaged_file_is_named_with_the_key_that_names_it(tmp_path):
    (tmp_path / "jets.root").write_bytes(b"root" + bytes(3000))
    (tmp_path / "mine.list").write_text("jets.root\n")
    sample = {"format": "generated", "files": [f"@{tmp_path}/mine.list"]}
    config = {"samples": {"mine": sample}, "run": RUN}
    with pytest.raises(
        InputError, match=r"config: samples\.mine\.files: .*jets\.root has no readable"
    ) as fault:
        given_chunks(config, FileIndex(tmp_path / "index.json"))
    assert "\n" not in str(fault.value)
    assert not (tmp_path / "index.json").exists()


def test_a_damaged_index_is_one_line(tmp_path):
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(InputError, match=r"index\.json is no index of files .*: delete it"):
        FileIndex(tmp_path / "index.json")


def test_formats_are_found_by_name_and_their_options_checked(tmp_path, monkeypatch):
    there = formats()
    assert {"columns", "deepntuple", "generated", "jet_flavor", "nanoaod", "pfnano"} <= set(there)
    assert not {"conditions", "elements", "labels", "reading", "recognising", "records"} & set(there)
    assert "jet_flavor" in formats("branches")
    assert "generated" not in formats("branches")
    given = {"format": "generated", "files": ["a"]}
    assert list(format_faults("samples.mine", given)) == []
    (fault,) = format_faults("samples.mine", given | {"process": "bb"})
    assert fault.startswith("samples.mine: format 'generated' takes no 'process': its options are none")
    (fault,) = format_faults("samples.mine", given | {"format": "records"})
    known = f"use {', '.join(there)}, or add src/robustag/readers/records.py with functions count and read"
    assert fault == f"samples.mine: there is no format 'records': {known}"
    monkeypatch.setattr("robustag.options._PACKAGE", tmp_path)
    (tmp_path / "readers").mkdir()
    (tmp_path / "readers/mine.py").write_text(
        "def count(path): ...\ndef read(path, table, entries, *, label: str, scale: float = 1.0): ...\n"
    )
    assert formats() == ["mine"]
    faults = list(format_faults("samples.a", {"format": "mine", "files": ["a"], "labl": "x", "scale": "y"}))
    assert [fault.split(":")[1].strip() for fault in faults] == [
        "format 'mine' takes no 'labl' (like label)",
        "format 'mine' lacks its option 'label'",
        "'y' is not a number",
    ]


def test_samples_of_data_have_chunks_and_no_variations(files):
    folder, _ = files
    sample = {"format": "any", "files": [f"{folder}/a.txt"]}
    config = {
        "samples": {"mine": sample, "measured": sample},
        "variations": {
            "up": {"files": {"mine": [f"{folder}/c.txt"]}},
            "played": {"files": {"mine": [f"{folder}/a.txt"]}},
        },
        "run": RUN | {"data": ["measured"], "variations": ["up"], "pseudo_data": ["played"]},
    }
    chunks = given_chunks(config, FileIndex(folder / "index.json"))
    of_mine = {("mine", name) for name in ("nominal", "up", "played")}
    assert chunks.keys() == of_mine | {("measured", "nominal")}
    assert chunks["measured", "nominal"] == chunks["mine", "nominal"]
