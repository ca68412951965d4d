"""The feature table against the published facts about the data set."""

import numpy as np
import pytest
import yaml

from robustag.errors import InputError
from robustag.features import FeatureTable


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


def test_repeated_input_is_refused(root):
    document = yaml.safe_load((root / "config/features/jet_flavor.yaml").read_text())
    jet = document["blocks"][0]["variables"]
    jet.append(jet[0])
    with pytest.raises(InputError, match="names the input jet_pt twice"):
        FeatureTable.from_document(document)
