"""The feature table against the published facts about the data set."""

import json

import numpy as np
import pytest
import yaml

from robustag.errors import InputError
from robustag.features import FeatureTable, select_inputs
from robustag.features.blocks import Order, Role
from robustag.workflow.configuration import check_against_schema
from robustag.workflow.places import FEATURES_SCHEMA


@pytest.fixture
def document(root):
    """The study's table as YAML has it, to be changed."""
    return yaml.safe_load((root / "config/features/jet_flavor.yaml").read_text())


def test_has_the_184_inputs_in_the_order_of_the_study(table):
    assert table.size == 184
    assert table.names[:3] == ("jet_pt", "jet_eta", "track_2_d0_significance")
    # 16 jet variables, then variable-major: all tracks of D0 before the first of Z0.
    assert table.names[16:23] == (*(f"track_{t}_D0" for t in range(6)), "track_0_Z0")
    assert table.names[-1] == "track_5_vertex_energy_fraction"


def test_counts_are_the_three_of_the_jet_and_one_of_each_track(table):
    integers = {name for name, integer in zip(table.names, table.integer, strict=True) if integer}
    assert integers == {
        "n_tracks_over_d0_threshold",
        "n_secondary_vertices",
        "n_secondary_vertex_tracks",
        *(f"track_{t}_vertex_n_tracks" for t in range(6)),
    }


def test_slip_in_the_shift_factors_hits_75_of_162_track_inputs(table):
    """The number that follows from the layout of the authors' factor list."""
    continuous = ~table.integer & (np.arange(table.size) >= 16)
    assert continuous.sum() == 162
    assert (table.shift_as_coded != table.shift_as_intended)[continuous].sum() == 75


def test_slip_equals_the_list_laid_out_as_the_authors_code_does(table):
    per_track = [table.shift_as_intended[16 + 6 * v] for v in range(28)]
    flat = per_track * 33
    for v in range(28):
        for t in range(6):
            assert table.shift_as_coded[16 + 6 * v + t] == flat[33 * v + t]


def test_every_missing_value_is_either_fixed_or_follows_the_data(table):
    assert (np.isnan(table.stand_in) ^ np.isnan(table.below_minimum)).all()


def test_ranges_are_intervals(table):
    assert (table.lower < table.upper).all()


def test_unknown_input_is_named(table):
    with pytest.raises(InputError, match="no input 'jet_mass'"):
        table.index("jet_mass")


def test_unreadable_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent\.yaml cannot be read"):
        FeatureTable.load(tmp_path / "absent.yaml")
    foreign = tmp_path / "foreign.yaml"
    foreign.write_text("jets: 3")
    with pytest.raises(InputError, match=r"foreign\.yaml is not laid out"):
        FeatureTable.load(foreign)


def test_every_input_knows_its_block_place_variable_and_role(table):
    of = {each.name: each for each in table.inputs}
    own, track = of["track_2_d0_significance"], of["track_2_D0D0"]
    assert (own.block, own.place, own.variable.name) == ("jet", None, "track_2_d0_significance")
    assert (track.block, track.place, track.variable.name) == ("track", 2, "D0D0")
    assert (own.kind, track.kind) == ("track_2_d0_significance", "track D0D0")
    assert track.role == Role("variance", frozenset(["D0"]))
    assert of["track_0_PHIZ0"].role == Role("covariance", frozenset(["Z0", "PHI"]))
    assert (table.own("pt"), table.own("eta"), table.own("count")) == (
        *("jet_pt", "jet_eta", "n_tracks_over_d0_threshold"),
    )


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("jet_pt", r"jet $p_T$ [GeV]"),
        ("jet_eta", r"jet $\eta$"),
        ("track_0_D0", r"$d_0$ of track 0 [mm]"),
        ("track_2_d0_significance", "track 2 d0 significance"),
        ("n_secondary_vertices", "n secondary vertices"),
    ],
)
def test_labels_of_axes(table, name, label):
    assert table.inputs[table.index(name)].label == label


def test_a_table_follows_from_its_document_as_a_card_holds_it(table):
    again = FeatureTable.from_document(json.loads(json.dumps(table.document)))
    assert again == table
    np.testing.assert_array_equal(again.upper, table.upper)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("track_2_d0_significance", ["track_2_d0_significance"]),
        ("track_*_Z0", [f"track_{t}_Z0" for t in range(6)]),
        ("track.Z0", [f"track_{t}_Z0" for t in range(6)]),
        ("jet.track_*_z0_*", ["track_2_z0_significance", "track_3_z0_significance"]),
    ],
)
def test_selectors_name(table, selector, names):
    chosen = [name for name, yes in zip(table.names, select_inputs([selector], table), strict=True) if yes]
    assert chosen == names


def test_selectors_go_from_group_to_block_to_name(table):
    blocks = np.array([each.block for each in table.inputs])
    groups = np.array(table.groups)
    for selector, chosen in {
        "track": groups == "track",
        "vertex": groups == "vertex",
        "track.*": blocks == "track",
        # A pattern of a block's inputs never catches the jet's own that sound alike.
        "track_*": blocks == "track",
        "*": blocks != "",
    }.items():
        np.testing.assert_array_equal(select_inputs([selector], table), chosen, err_msg=selector)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda jet, track: track.update(name="jet"), "names the block jet twice"),
        (lambda jet, track: jet["variables"].append(track["variables"][0] | {"name": "track_0_D0"}),
         "names the input track_0_D0 twice"),
        (lambda jet, track: track["variables"][5].update(role={"variance_of": "d0"}),
         "the role of 'D0D0' is about 'd0', which the block lacks"),
        (lambda jet, track: track["variables"].pop(5), "no variable with the role significance_of or"),
        (lambda jet, track: track.update(name="tracks"), "shift_layout names the block 'track'"),
    ],
)  # fmt: skip
def test_a_table_that_contradicts_itself_is_refused(document, change, message):
    change(*document["blocks"])
    with pytest.raises(InputError, match=message):
        FeatureTable.from_document(document)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, None),
        ("Sip2dSig", Order("Sip2dSig")),
        ({"significance_of": "D0"}, Order("D0", "D0D0")),
        ({"significance_of": "Z0", "variance": "BRANCH"}, Order("Z0", "BRANCH")),
    ],
)
def test_the_order_of_elements(document, order, expected):
    track = document["blocks"][1]
    track.pop("order_by")
    if order:
        track["order_by"] = order
    assert FeatureTable.from_document(document).element_block().order == expected


def test_a_variable_in_the_role_of_the_significance_orders(document):
    track = document["blocks"][1]
    del document["relations"]
    track["variables"][5]["role"] = {"significance_of": "D0"}
    assert FeatureTable.from_document(document).element_block().order == Order("D0D0")


def test_without_factors_nothing_shifts_and_without_the_quirk_none_are_swapped(document):
    del document["quirks"], document["blocks"][0]["variables"][0]["shift"]
    table = FeatureTable.from_document(document)
    assert table.shift_as_intended[0] == 0
    np.testing.assert_array_equal(table.shift_as_coded, table.shift_as_intended)


def test_a_table_of_the_layout_before_blocks_is_told_what_to_write(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text("data_set: mine\ntracks: 6\njet: []\ntrack: []\n")
    with pytest.raises(InputError, match=r"old\.yaml lists variables under jet and track: write blocks: "):
        FeatureTable.load(path)


def test_the_studys_table_follows_its_schema(document, root):
    check_against_schema(document, FEATURES_SCHEMA, "jet_flavor.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role": "momentum"}, "role: 'momentum' is not one of"),
        ({"role": {"variance_of": "a", "covariance_of": ["a", "b"]}}, "role"),
        ({"missing": 0.0}, "missing: 0.0 is not a mapping"),
        ({"missing": {"equal": 0.0}}, "'stand_in' is a required property"),
        (
            {"missing": {"below": 0.0, "stand_in": 0.0}},
            "missing: unknown key 'below'; known keys are",
        ),
        ({"range": [0]}, "range"),
        ({"integer": True}, "unknown key 'integer'"),
    ],
)
def test_the_schema_refuses(document, root, change, message):
    document["blocks"][0]["variables"][0].update(change)
    with pytest.raises(InputError, match=message):
        check_against_schema(document, FEATURES_SCHEMA, "mine.yaml")


def test_repeated_input_is_refused(document):
    jet = document["blocks"][0]["variables"]
    jet.append(jet[0])
    with pytest.raises(InputError, match="names the input jet_pt twice"):
        FeatureTable.from_document(document)
