"""Jets from files of named columns: the same jets whatever the file, and one line for what cannot be read."""

import dataclasses

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
from tests.unit.readers import made as kinds
from tests.unit.readers.made import KINDS, LABELS, PLACES, Made, table

from robustag.errors import InputError
from robustag.readers import JetRecords, event_key, read_jets
from robustag.readers.columns import count
from robustag.workflow.definitions import format_faults

MADE = Made.of(41)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every kind of file of the made jets, and how it is read."""
    folder = tmp_path_factory.mktemp("made")
    return {name: (folder / name, write(folder / name, MADE)) for name, write in KINDS.items()}


def read(path, layout, entries=None, where=None):
    return read_jets("columns", path, layout.table, entries, layout.options, layout.labels, where)


def same(one, other):
    for field in dataclasses.fields(JetRecords):
        if field.name != "described":
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_jets_that_were_made(written, kind):
    jets, flat, padded = read(*written[kind]), MADE.flat, MADE.padded(PLACES)
    inputs = [flat["mass"], flat["ntrk"], *padded["d0"].T, *padded["sig"].T]
    np.testing.assert_array_equal(jets.values, np.stack(inputs, axis=1))
    assert np.isnan(jets.values).any()
    assert (~np.isnan(jets.values)).any()
    np.testing.assert_array_equal(jets.label, [{5: 0, 4: 1, 0: 2}.get(code, -1) for code in flat["flavour"]])
    np.testing.assert_array_equal(jets.event, event_key(flat["run"], flat["event"]))
    for mine, theirs in (("pt", "pt"), ("eta", "eta"), ("weight", "weight"), ("index", "place")):
        np.testing.assert_array_equal(getattr(jets, mine), flat[theirs])


@pytest.mark.parametrize("kind", KINDS)
def test_ranges_of_entries_are_slices_of_the_whole(written, kind):
    path, layout = written[kind]
    whole, (entries, jets) = read(path, layout), count(path, pt=layout.options["pt"])
    assert jets == len(whole)
    by_entry = ak.to_numpy(ak.num(MADE.jets)) if entries == len(MADE.run) else np.ones(entries, int)
    assert by_entry.sum() == jets
    ends = np.concatenate([[0], np.cumsum(by_entry)])
    for start, stop in [(0, 1), (3, 11), (6, 8), (entries - 2, entries), (5, 5), (0, entries)]:
        same(read(path, layout, (start, stop)), whole.select(slice(ends[start], ends[stop])))


@pytest.mark.parametrize("kind", KINDS)
def test_a_condition_leaves_out_jets_by_any_column(written, kind):
    path, layout = written[kind]
    whole, flat = read(path, layout), MADE.flat
    kept = (flat["ntrk"] > 2) & (flat["run"] != 3)
    assert 0 < kept.sum() < len(kept)
    same(read(path, layout, where=f"{layout.prefix}ntrk > 2 and run != 3"), whole.select(kept))


@pytest.mark.parametrize("order", ["sig", "rank", {"significance_of": "d0", "variance": "sig"}])
@pytest.mark.parametrize("kind", ["flat_tree", "linked_tree", "nested_rntuple", "nested_parquet", "hdf5"])
def test_elements_come_in_the_order_of_the_table(tmp_path, kind, order):
    made = Made.of(30, seed=4)
    made = made._replace(tracks=ak.with_field(made.tracks, abs(made.tracks.sig), "sig"))
    layout = KINDS[kind](tmp_path / "file", made)
    document = layout.table.document
    sig = document["blocks"][1]["branch"].replace("{variable}", "sig")
    if order == "rank":  # a branch, by its name in the file
        order = sig
    document["blocks"][1]["order_by"] = order
    jets = read(tmp_path / "file", layout._replace(table=type(layout.table).from_document(document)))
    for row, d0, s in zip(jets.values, made.lists["d0"].to_list(), made.lists["sig"].to_list(), strict=True):
        by = [a / b**0.5 for a, b in zip(d0, s, strict=True)] if isinstance(order, dict) else s
        leading = sorted(range(len(d0)), key=lambda element, by=by: -by[element])[:PLACES]
        np.testing.assert_array_equal(row[2 : 2 + len(leading)], np.float32([d0[e] for e in leading]))
        assert np.isnan(row[2 + len(leading) : 2 + PLACES]).all()


def test_without_names_of_events_each_entry_is_one_of_its_own(written, tmp_path):
    path, layout = written["nested_parquet"]
    options = {key: name for key, name in layout.options.items() if key in ("pt", "eta")}
    jets = read(path, layout._replace(options=options))
    entry = np.repeat(np.arange(len(MADE.run)), ak.num(MADE.jets))
    assert len(set(zip(entry, jets.event, strict=True))) == len(set(jets.event)) == len(set(entry))
    assert (jets.weight == 1).all()
    np.testing.assert_array_equal(jets.index, MADE.flat["place"])
    part = read(path, layout._replace(options=options), (11, 20))
    assert set(part.event) <= set(jets.event)


def test_flags_are_labels_and_the_first_that_is_set_counts(tmp_path):
    flags = {"isB": [1, 0, 0, 1], "isBB": [0, 1, 0, 0], "isC": [0, 0, 1, 1], "isUD": [0, 0, 0, 0]}
    pq.write_table(pa.table(flags | {"pt": [30.0] * 4, "eta": [0.0] * 4}), tmp_path / "x")
    labels = {"b": ["isB", "isBB"], "c": ["isC"], "light": ["isUD"]}
    options = {"pt": "pt", "eta": "eta"}
    small = type(table()).from_document(
        {
            "data_set": "x",
            "blocks": [
                {"name": "jet", "variables": [{"name": "pt", "unit": "GeV", "missing": {"stand_in": 0.0}}]}
            ],
        }
    )
    assert read_jets("columns", tmp_path / "x", small, None, options, labels).label.tolist() == [0, 0, 1, 0]
    assert read_jets("columns", tmp_path / "x", small, None, options).label.tolist() == [-1] * 4
    with pytest.raises(InputError, match="give labels in the sample"):
        read_jets("columns", tmp_path / "x", small, None, options).labelled(tmp_path / "x")


SMALL = {
    "run": np.arange(3, dtype=np.uint32),
    "pt": np.full(3, 30.0),
    "eta": np.zeros(3),
    "mass": np.ones(3),
    "ntrk": np.ones(3),
    "flavour": np.zeros(3),
    "d0": ak.Array([[1.0], [], [2.0]]),
    "sig": ak.Array([[1.0], [], [2.0]]),
}


def parquet(path, **changed):
    columns = {name: ak.to_list(column) for name, column in (SMALL | changed).items() if column is not None}
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"mass": None}, "lacks the branch mass .*mend the feature table"),
        ({"flavour": None, "flavor": np.zeros(3)}, "lacks the branch flavour .*nearest names are flavor"),
        ({"mass": ["a", "b", "c"]}, "the branch mass holds string per entry: it must be a number"),
        ({"mass": [[1.0], [2.0], [3.0]]}, "the branch mass holds var .* it must be a number"),
        ({"d0": np.ones(3)}, "the branch d0 holds float64 per entry: it must be a list of numbers"),
        ({"d0": [["a"], [], ["b"]]}, "the branch d0 holds .*string per entry: it must be a list of numbers"),
        ({"d0": [[[1.0]], [], []]}, "the branch d0 holds .* it must be a list of numbers"),
        ({"d0": [{"x": 1.0}] * 3}, "the branch d0 holds .* it must be a list of numbers"),
        ({"sig": [[1.0], [2.0], []]}, "sig and d0 hold different numbers of elements"),
        ({"run": [1.0, 2.5, 3.0]}, "run holds 2.5: it must be whole numbers"),
        ({"run": [1, None, 3]}, "run holds nan: it must be whole numbers"),
        ({"pt": [30.0, None, 40.0]}, "1 jets have no kinematics"),
        ({"mass": [1.0, 1e31, 2.0]}, r"input 'mass' holds 1e\+31 in 1 jets"),
    ],
)
def test_a_file_of_another_layout_is_one_line(tmp_path, changed, complaint):
    path = parquet(tmp_path / "x.parquet", **changed)
    options = {"pt": "pt", "eta": "eta", "event": ["run"]}
    with pytest.raises(InputError, match=rf"x\.parquet.*{complaint}") as refused:
        read_jets("columns", path, table(), None, options, LABELS)
    assert "\n" not in str(refused.value)


def test_whole_numbers_may_be_stored_as_others(tmp_path):
    options = {"pt": "pt", "eta": "eta", "event": ["run"]}
    jets = [
        read_jets("columns", parquet(tmp_path / "x", run=run), table(), None, options, LABELS)
        for run in (np.array([1, 2, 3]), np.array([1.0, 2.0, 3.0]))
    ]
    same(*jets)


def test_nulls_of_parquet_are_missing_and_missing_lists_are_empty(tmp_path):
    path = tmp_path / "x"
    columns = {name: ak.to_list(part) for name, part in SMALL.items()} | {
        "mass": [None, 1.0, None],
        "d0": [None, [1.0, None], []],
    }
    columns["sig"] = [[], [3.0, 4.0], None]
    pq.write_table(pa.table(columns), path, row_group_size=2)
    options = {"pt": "pt", "eta": "eta"}
    whole = read_jets("columns", path, table(), None, options, LABELS)
    nan = np.nan
    wanted = [[nan, 1, *[nan] * 8], [1, 1, 1, nan, nan, nan, 3, 4, nan, nan], [nan, 1, *[nan] * 8]]
    np.testing.assert_array_equal(whole.values, np.float32(wanted))
    parts = [read_jets("columns", path, table(), (row, row + 1), options, LABELS) for row in range(3)]
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), whole.values)


def linked(path, index, jets=((30.0, 40.0), (50.0,))):
    tree = {
        "Jet_pt": jets,
        "Jet_eta": jets,
        "Jet_mass": jets,
        "Jet_ntrk": jets,
        "Jet_flavour": [[5] * len(j) for j in jets],
        "T_d0": [[1.0, 2.0], [3.0]],
        "T_sig": [[1.0, 2.0], [3.0]],
        "T_jet": index,
    }
    with uproot.recreate(path) as file:
        file["Events"] = {name: ak.Array([list(part) for part in column]) for name, column in tree.items()}
    return kinds.Layout(
        table("Jet_", "T_{variable}", jet_index="T_jet"), {"pt": "Jet_pt", "eta": "Jet_eta"}, "Jet_"
    )


@pytest.mark.parametrize(
    ("index", "complaint"),
    [
        ([[0, 1], [1]], "T_jet holds 1, beyond the jets of its entry"),
        ([[0], [0]], "T_d0 and T_jet hold different numbers"),
        ([[0, 1], [0, 0]], "T_d0 and T_jet hold different"),
    ],
)
def test_links_to_jets_that_do_not_exist_are_one_line(tmp_path, index, complaint):
    with pytest.raises(InputError, match=complaint):
        read(tmp_path / "x.root", linked(tmp_path / "x.root", index))


def test_columns_of_jets_must_have_as_many(tmp_path):
    layout = linked(tmp_path / "x.root", [[0, 1], [0]])
    options = layout.options | {"eta": "T_d0"}
    read(tmp_path / "x.root", layout._replace(options=options))  # as many by chance
    layout = linked(tmp_path / "x.root", [[0, 0], [0]], ((30.0,), (50.0, 60.0)))
    with pytest.raises(InputError, match="T_d0 and the column of pt hold different numbers of jets"):
        read(tmp_path / "x.root", layout._replace(options=options))


def test_a_block_has_one_layout(tmp_path):
    mixed = table()
    document = mixed.document
    document["blocks"][1]["variables"][0]["branch"] = "t{place}_d0"
    columns = {f"t{place}_d0": np.ones(3) for place in range(PLACES)}
    with pytest.raises(InputError, match=r"branches with .place. and without it, as sig"):
        read_jets(
            "columns",
            parquet(tmp_path / "x", **columns),
            type(mixed).from_document(document),
            None,
            {"pt": "pt", "eta": "eta"},
            LABELS,
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_entries_has_no_jets(tmp_path, kind):
    nothing = MADE._replace(
        run=MADE.run[:0],
        event=MADE.event[:0],
        weight=MADE.weight[:0],
        jets=MADE.jets[:0],
        tracks=MADE.tracks[:0],
    )
    layout = KINDS[kind](tmp_path / "x", nothing)
    assert count(tmp_path / "x", pt=layout.options["pt"]) == (0, 0)
    jets = read(tmp_path / "x", layout)
    assert len(jets) == 0
    assert jets.values.shape == (0, layout.table.size)


@pytest.mark.parametrize("kind", KINDS)
def test_events_without_jets_are_no_fault(tmp_path, kind):
    bare = MADE._replace(jets=MADE.jets[:, :0], tracks=MADE.tracks[:, :0])
    layout = KINDS[kind](tmp_path / "x", bare)
    assert len(read(tmp_path / "x", layout)) == 0


def test_a_jet_of_numbers_in_an_array_is_its_list(tmp_path):
    with h5py.File(tmp_path / "x", "w") as file:
        file["jets"] = np.array(
            [(30.0, 0.0, 1.0, 2, 5, (1, 2, 3), (4, 5, 6))],
            [(n, "f2") for n in ("pt", "eta", "mass", "ntrk", "flavour")]
            + [("d0", "f4", 3), ("sig", "f4", 3)],
        )
    jets = read_jets("columns", tmp_path / "x", table(), None, {"pt": "pt", "eta": "eta"}, LABELS)
    np.testing.assert_array_equal(jets.values, [[1, 2, 1, 2, 3, np.nan, 4, 5, 6, np.nan]])


def test_jets_of_an_event_are_told_apart_without_their_places(written):
    path, layout = written["flat_parquet"]
    options = {key: name for key, name in layout.options.items() if key != "index"}
    jets = read(path, layout._replace(options=options))
    assert len(set(jets.event)) < len(jets)
    assert len(set(zip(jets.event, jets.index, strict=True))) == len(jets)
    same(read(path, layout._replace(options=options), (7, 19)), jets.select(slice(7, 19)))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"pt": None}, "format 'columns' lacks its option 'pt'"),
        ({"eta": None}, "format 'columns' lacks its option 'eta'"),
        ({"event": "run"}, "samples.mine.event: 'run' is not a list or null"),
        ({"weight": 1.0}, "samples.mine.weight: 1.0 is not text or null"),
        ({"trees": "jets"}, "format 'columns' takes no 'trees' (like tree)"),
    ],
)
def test_options_are_checked_before_anything_runs(change, fault):
    sample = {"format": "columns", "files": ["a"], "pt": "pt", "eta": "eta"}
    assert list(format_faults("samples.mine", sample | {"event": ["run", "event"], "index": "i"})) == []
    sample = {key: value for key, value in (sample | change).items() if value is not None}
    (found,) = format_faults("samples.mine", sample)
    assert fault in found
