"""The public data set's lines: every number in its place, every fault in one line, ranges, memory."""

import gzip
import json
import math
import tracemalloc
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.jet_lines import jet_line, random_jets, write_lines, write_random

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.readers import event_key, jet_flavor, read_jets
from robustag.readers.jet_flavor import JET_VARIABLES, TRACK_VARIABLES
from robustag.readers.jet_lines import parse
from robustag.readers.text import count_lines, line_blocks

FLAVORS = {5: 0, 4: 1, 0: 2}


def slowly(line, table):
    """Inputs of a jet, one number after another: what the reader does, in the plainest way."""
    names = {"NaN": math.nan, "-NaN": math.nan, "inf": math.inf, "-inf": -math.inf}

    def number(value):
        return names[value] if isinstance(value, str) else value

    pt, eta, flavor, of_tracks, of_vertices, tracks = json.loads(line)
    jet = dict(zip(JET_VARIABLES, [pt, eta, flavor, *of_tracks, *of_vertices], strict=True))
    tracks = [dict(zip(TRACK_VARIABLES, chain(*track), strict=True)) for track in tracks]
    tracks.sort(key=lambda track: -np.float32(track["D0"]) / np.sqrt(np.float64(np.float32(track["D0D0"]))))
    values = []
    for each in table.inputs:
        if each.place is None:
            values.append(number(jet[each.name]))
        else:
            there = each.place < len(tracks)
            values.append(number(tracks[each.place][each.variable.name]) if there else math.nan)
    return values


@pytest.fixture
def lines():
    return list(map(jet_line, *random_jets(60)))


@pytest.mark.parametrize("name", ["jets.json", "jets.json.gz"])
def test_every_number_is_in_its_place(lines, tmp_path, table, name):
    jets = jet_flavor.read(write_lines(tmp_path / name, lines), table)
    np.testing.assert_array_equal(jets.values, np.array([slowly(line, table) for line in lines], np.float32))
    parsed = [json.loads(line) for line in lines]
    assert jets.label.tolist() == [FLAVORS[jet[2]] for jet in parsed]
    np.testing.assert_array_equal(jets.pt, np.array([jet[0] for jet in parsed], np.float32))
    np.testing.assert_array_equal(jets.eta, np.array([jet[1] for jet in parsed], np.float32))
    assert (jets.weight == 1).all()
    assert (jets.index == 0).all()


def test_the_layout_is_that_of_the_papers_table(table):
    jet, track = ([variable.name for variable in block.variables] for block in table.blocks)
    assert [name for name in JET_VARIABLES if name != "flavor"] == jet
    assert list(TRACK_VARIABLES) == track


def test_what_is_missing_is_for_the_table_to_say(tmp_path, table):
    jet = [30, 1, 4, -math.inf, 2, math.inf, 3, 0, -1, 0.1, 0.1, math.nan, -1, 2, math.inf, 1.5, 0.5]
    line = jet_line(jet, []).replace('"NaN"', '"-NaN"')
    path = write_lines(tmp_path / "jets.json", [line])
    raw, read = jet_flavor.read(path, table).values[0], read_jets("jet_flavor", path, table).values[0]
    assert raw[:16].tolist()[2:5] == [-math.inf, 2, math.inf]
    assert np.isnan(raw[16:]).all()
    missing = {name for name, value in zip(table.names[:16], read[:16], strict=True) if np.isnan(value)}
    assert missing == {
        *("track_2_d0_significance", "track_2_z0_significance", "jet_prob", "vertex_significance"),
        *("n_secondary_vertices", "delta_r_vertex"),
    }


def test_tracks_without_a_significance_come_last(tmp_path, table):
    jets, _ = random_jets(1)
    tracks = np.full((4, 28), 0.5)
    tracks[:, 0] = [9.0, 0.1, 0.3, 8.0]
    tracks[:, 5] = [math.nan, 1.0, 1.0, -1.0]
    path = write_lines(tmp_path / "jets.json", [jet_line(jets[0], tracks)])
    first = table.index("track_0_D0")
    np.testing.assert_allclose(
        jet_flavor.read(path, table).values[0, first : first + 4], [0.3, 0.1, 9.0, 8.0]
    )


@pytest.mark.parametrize("name", ["jets.json", "jets.json.gz"])
@pytest.mark.parametrize("entries", [(0, 1), (0, 60), (7, 29), (59, 60), (20, 20), (60, 60)])
def test_a_range_is_the_same_part_of_the_whole(lines, tmp_path, table, monkeypatch, name, entries):
    monkeypatch.setattr("robustag.readers.text._READ", 3000)
    path = write_lines(tmp_path / name, lines)
    whole, part = jet_flavor.read(path, table), jet_flavor.read(path, table, entries)
    assert jet_flavor.count(path) == (60, 60)
    for column in whole.columns():
        np.testing.assert_array_equal(getattr(part, column), getattr(whole, column)[slice(*entries)])
    assert part.described["event"].tolist() == list(range(entries[0] + 1, entries[1] + 1))


def test_a_last_line_without_an_end_counts(lines, tmp_path, table):
    path = tmp_path / "jets.json"
    path.write_text("\n".join(lines))
    assert count_lines(path) == 60
    assert len(jet_flavor.read(path, table)) == 60
    path.write_text("")
    assert jet_flavor.count(path) == (0, 0)
    assert jet_flavor.read(path, table).values.shape == (0, table.size)


def test_blanks_and_ends_of_other_systems_are_read(lines, tmp_path, table):
    plain = jet_flavor.read(write_lines(tmp_path / "jets.json", lines), table)
    for change in (lambda line: line.replace(" ", ""), lambda line: f" {line.replace(',', ' , ')}\t\r"):
        changed = jet_flavor.read(write_lines(tmp_path / "jets.json", map(change, lines)), table)
        np.testing.assert_array_equal(changed.values, plain.values)


def test_members_of_a_gzipped_file_are_one_text(lines, tmp_path, table):
    path = tmp_path / "jets.json.gz"
    parts = ("\n".join(lines[:20]), "\n" + "\n".join(lines[20:]) + "\n")
    path.write_bytes(b"".join(gzip.compress(part.encode()) for part in parts) + bytes(100))
    whole = jet_flavor.read(write_lines(tmp_path / "jets.json", lines), table)
    np.testing.assert_array_equal(jet_flavor.read(path, table).values, whole.values)


def test_a_line_is_an_event_by_name_and_number_wherever_the_file_is(lines, tmp_path, table):
    (tmp_path / "there").mkdir()
    places = [tmp_path / "a.json", tmp_path / "there/a.json", tmp_path / "a.json.gz", tmp_path / "b.json"]
    here, there, packed, other = (jet_flavor.read(write_lines(place, lines), table) for place in places)
    assert len(np.unique(here.event)) == 60
    np.testing.assert_array_equal(here.event, there.event)
    np.testing.assert_array_equal(here.event, packed.event)
    assert not np.intersect1d(here.event, other.event).size
    identity = (here.described[name] for name in ("run", "luminosity_block", "event"))
    np.testing.assert_array_equal(here.event, event_key(*identity))


def test_a_line_as_an_event_is_said(lines, tmp_path, table, caplog):
    with caplog.at_level("INFO", "robustag"):
        jet_flavor.read(write_lines(tmp_path / "jets.json", lines), table)
    assert "a line is an event" in caplog.text


def test_further_numbers_are_given_by_name(lines, tmp_path, table):
    path = write_lines(tmp_path / "jets.json", lines)
    described = jet_flavor.read(path, table, columns=("n_tracks", "jet_prob")).described
    assert described["n_tracks"].tolist() == [len(json.loads(line)[5]) for line in lines]
    np.testing.assert_array_equal(described["jet_prob"], jet_flavor.read(path, table).values[:, 7])
    with pytest.raises(InputError, match="has no 'phi': use jet_pt, "):
        jet_flavor.read(path, table, columns=("phi",))


def changed_table(table, change):
    document = json.loads(json.dumps(table.document))
    change(document)
    return FeatureTable.from_document(document)


def test_a_smaller_table_has_its_part(lines, tmp_path, table):
    def smaller(document):
        jet, track = document["blocks"]
        del document["quirks"], document["relations"]
        jet["variables"] = jet["variables"][:1:-3]
        track |= {"count": 2, "order_by": "vertex_mass", "variables": track["variables"][3:0:-1]}

    path, small = write_lines(tmp_path / "jets.json", lines), changed_table(table, smaller)
    jets, whole = jet_flavor.read(path, small), jet_flavor.read(path, table)
    own = [
        table.index(name) for name in small.names if not name.startswith("track_0") and "track_1" not in name
    ]
    np.testing.assert_array_equal(jets.values[:, : len(own)], whole.values[:, own])
    heaviest = [max(json.loads(line)[5], key=lambda track: track[3][0], default=None) for line in lines]
    theta = [np.nan if track is None else np.float32(track[0][3]) for track in heaviest]
    np.testing.assert_array_equal(jets.values[:, small.index("track_0_THETA")], theta)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["blocks"][0]["variables"][3].update(name="charge"), "has no 'charge': use jet_pt, "),
        (lambda d: d["blocks"][1]["variables"][3].update(name="chi2"), "has no 'chi2': use D0, Z0"),
        (lambda d: d["blocks"][1].update(order_by="pt"), "has no 'pt': use D0, Z0"),
        (lambda d: d["blocks"].append(d["blocks"][1] | {"name": "sv"}), "asks for the block sv"),
    ],
)
def test_a_table_that_asks_for_more_is_refused(lines, tmp_path, table, change, complaint):
    def spoil(document):
        del document["relations"]
        for variable in document["blocks"][1]["variables"]:
            variable.pop("role", None)
        document["blocks"][1]["order_by"] = "D0"
        change(document)

    with pytest.raises(InputError, match=complaint):
        jet_flavor.read(write_lines(tmp_path / "jets.json", lines), changed_table(table, spoil))


FAULTS = {
    "cut": (lambda line: line[: len(line) // 2], "is damaged or no JSON"),
    "empty": (lambda line: "", "is damaged or no JSON"),
    "text": (lambda line: "jet_pt,jet_eta", "is damaged or no JSON"),
    "bytes": (lambda line: "\x00" + line, "is damaged or no JSON"),
    "more": (lambda line: line + ", 1", "is damaged or no JSON"),
    "bare": (lambda line: re_number(line, "NaN"), "NaN without quotes"),
    "point": (lambda line: re_number(line, "1."), "is damaged or no JSON"),
    "zeros": (lambda line: re_number(line, "007"), "is damaged or no JSON"),
    "exponent": (lambda line: re_number(line, "1e"), "is damaged or no JSON"),
    "word": (lambda line: re_number(line, '"none"'), 'has "none" where a number should be'),
    "quote": (lambda line: re_number(line, '"NaN x"'), 'has "NaN x" where a number should be'),
    "null": (lambda line: re_number(line, "null"), "has null where a number should be"),
    "true": (lambda line: re_number(line, "true"), "has true where a number should be"),
    "list": (lambda line: re_number(line, "[1]"), r"has \[1.0\] where a number should be"),
    "wild": (lambda line: re_number(line, "1e300"), r"has the number 1e\+300, which no detector gives"),
    "escaped": (lambda line: re_number(line, r'"\u004eaN"'), "is written in an unusual way"),
    "object": (lambda line: '{"pt": 1}', r"has .* where a jet should be"),
    "jet": (lambda line: f"[{line}]", "has 1 entries in a jet instead of 6"),
    "tracks": (lambda line: change_part(line, 3, [1.0]), "has 1 entries in what a jet says of its tracks"),
    "vertices": (lambda line: change_part(line, 4, [1] * 7), "has 7 entries .* vertices instead of 6"),
    "track": (
        lambda line: change_part(line, 5, [[[1] * 5, [1] * 15, [1]]]),
        "has 3 entries in a track instead",
    ),
    "helix": (
        lambda line: change_part(line, 5, [[[1] * 4, [1] * 16, [1], [1] * 7]]),
        "has 4 entries in a part of a track instead of 5",
    ),
    "flavour": (lambda line: change_part(line, 2, 21), "has the flavour 21: expected 5, 4 or 0"),
    "no flavour": (lambda line: change_part(line, 2, "NaN"), "has the flavour nan: expected 5, 4 or 0"),
}


def re_number(line, text):
    """The line with another pseudorapidity."""
    first, _, rest = line.split(", ", 2)
    return f"{first}, {text}, {rest}"


def change_part(line, place, value):
    jet = json.loads(line)
    jet[place] = value
    return json.dumps(jet)


@pytest.mark.parametrize("name", FAULTS)
def test_a_damaged_line_is_named(lines, tmp_path, table, name):
    change, complaint = FAULTS[name]
    lines[17] = change(lines[17])
    path = write_lines(tmp_path / "jets.json.gz", lines)
    with pytest.raises(InputError, match=complaint) as fault:
        jet_flavor.read(path, table)
    assert str(fault.value).startswith(f"{path}: line 18 has" if " has" in complaint else f"{path}: line 18 ")
    assert "\n" not in str(fault.value)
    assert len(str(fault.value)) < 300
    # A range without that line is read.
    assert len(jet_flavor.read(path, table, (18, 60))) == 42


@pytest.mark.parametrize("share", [0.001, 0.3, 0.7, 0.9999])
def test_a_gzipped_file_cut_short_is_refused(lines, tmp_path, table, share):
    whole = write_lines(tmp_path / "jets.json.gz", lines).read_bytes()
    path = tmp_path / "cut.json.gz"
    path.write_bytes(whole[: max(int(share * len(whole)), 3)])
    for use in (jet_flavor.count, lambda path: jet_flavor.read(path, table)):
        with pytest.raises(InputError, match=r"cut\.json\.gz is damaged \(it ends in the middle\)"):
            use(path)


def test_what_is_no_file_of_lines_is_refused(lines, tmp_path, table):
    path = write_lines(tmp_path / "jets.json.gz", lines)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged|line \d+ "):
        jet_flavor.read(path, table)
    (tmp_path / "zeros").write_bytes(bytes(2_000_000))
    with pytest.raises(InputError, match="is no text in lines"):
        jet_flavor.count(tmp_path / "zeros")
    with pytest.raises(InputError, match="is not a file"):
        jet_flavor.count(tmp_path / "absent.json")
    with pytest.raises(InputError, match="is not a file"):
        jet_flavor.read(tmp_path, table)


def python_reads(text):
    with np.errstate(over="ignore", under="ignore"):
        return np.float32(float(text))


@given(
    st.one_of(
        st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr),
        st.floats(-1e30, 1e30).map(repr),
        st.floats(-1e30, 1e30).map(lambda number: f"{number:.6g}"),
        st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,25})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    )
)
def test_a_number_is_what_python_makes_of_it(text):
    expected = python_reads(text)
    line = re_number(jet_line(np.ones(17), []), text).encode() + b"\n"
    if abs(float(text)) > float(np.finfo(np.float32).max):
        with pytest.raises(InputError, match="which no detector gives"):
            parse("jets", 0, line)
        return
    found = parse("jets", 0, line).jets[0, 1]
    assert found.tobytes() == expected.tobytes()


def test_numbers_half_way_between_two_are_rounded_as_python_does():
    """Of many digits, in the middle or just beside it, where a product of doubles is not enough."""
    for mantissa in (0x800001, 0x800002, 0xABCDEF, 0xFFFFFE):
        for power in (-140, -30, -1, 3, 60):
            scale = 2 ** abs(power)
            middle = 2 * mantissa + 1
            exact = str(middle * scale // 2) if power > 0 else f"{np.longdouble(middle) / 2 / scale:.40g}"
            for text in (exact, exact + "1" if "." in exact else exact):
                line = re_number(jet_line(np.ones(17), []), text).encode() + b"\n"
                assert parse("jets", 0, line).jets[0, 1].tobytes() == python_reads(text).tobytes()


def test_lines_that_are_left_to_python_keep_their_tracks():
    """Digits that no quick conversion is sure of, in the middle of a block."""
    lines = list(map(jet_line, *random_jets(5)))
    plain = parse("jets", 0, "".join(f"{line}\n" for line in lines).encode())
    lines[2] = re_number(lines[2], "0.1234567890123456789012345")
    left = parse("jets", 0, "".join(f"{line}\n" for line in lines).encode())
    np.testing.assert_array_equal(left.tracks, plain.tracks)
    assert left.jets[2, 1] == np.float32(0.1234567890123456789012345)


def test_memory_is_that_of_the_jets_asked_for(tmp_path, table, monkeypatch):
    path = write_random(tmp_path / "jets.json.gz", 6000)
    monkeypatch.setattr("robustag.readers.text._READ", 1 << 15)
    text = sum(len(block) for _, block in line_blocks(path))
    assert text > 6_000_000
    tracemalloc.start()
    jet_flavor.count(path)
    assert jet_flavor.read(path, table, (5900, 6000)).values.shape == (100, table.size)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < text / 4
