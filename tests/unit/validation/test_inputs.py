"""The inputs beside the published ones, on ntuples whose moments are known."""

import awkward as ak
import numpy as np
import pandas as pd
import pytest
from tests.unit.readers.test_generated import variables

from robustag.errors import InputError
from robustag.generate.ntuple import new_ntuple
from robustag.validation.inputs import input_sums, merge_sums, mix, validation_table
from robustag.validation.moments import moments
from robustag.validation.published import (
    PUBLISHED_FRACTIONS,
    load_published,
    published_acceptance,
)

FLAVOUR = {"bb": 5, "cc": 4, "light": 0}


@pytest.fixture(scope="module")
def published(root, table):
    return load_published(root / "config/reference/published_moments.csv", table)


@pytest.fixture(scope="module")
def ntuple(table, tmp_path_factory):
    """Writes one jet an event; even ones weigh 3 and have a vertex, every fourth is another parton's."""

    def write(process, events=40, pt=60.0):
        path = tmp_path_factory.mktemp("ntuple") / f"{process}.root"
        even = np.arange(events) % 2 == 0
        one = np.ones(events, np.int64)
        another = np.where(np.arange(events) % 4 == 3, 5 if process == "light" else 1, FLAVOUR[process])
        jet = {"pt": np.full(events, pt), "eta": np.zeros(events), "phi": np.zeros(events)}
        jet |= {"mass": np.zeros(events), "hadronFlavour": FLAVOUR[process] * one, "partonFlavour": another}
        for name in variables(table, "jet"):
            branch = name.removeprefix("jet_") if name in ("jet_pt", "jet_eta") else name
            jet.setdefault(
                branch, np.where(even, 1.0, np.nan) if name.startswith("vertex") else np.where(even, 1.0, 3.0)
            )
        track = {name: np.ones(events) for name in variables(table, "track")} | {"jetIdx": 0 * one}
        with new_ntuple(path) as writer:
            writer.append(
                {
                    "run": ak.Array(one.astype(np.uint32)),
                    "luminosityBlock": ak.Array(one.astype(np.uint32)),
                    "event": ak.Array(np.arange(events, dtype=np.uint64)),
                    "genWeight": ak.Array(np.where(even, 3.0, 1.0).astype(np.float32)),
                    "Jet": ak.unflatten(ak.zip(jet), one),
                    "Track": ak.unflatten(ak.zip(track), one),
                }
            )
            writer.finish({})
        return path

    return write


def all_sums(ntuple, table, published):
    return merge_sums(input_sums(ntuple(process), process, table, published) for process in FLAVOUR)


def test_mean_sigma_and_missing_of_every_flavour(ntuple, table, published):
    rows = validation_table(all_sums(ntuple, table, published), table, published).set_index("input")
    # Of 40 jets 30 carry their sample's parton label: 20 even ones of weight 3, 10 odd ones of weight 1.
    values, weights = np.array([1.0, 3.0]), np.array([60.0, 10.0])
    mean = np.average(values, weights=weights)
    row = rows.loc["track_2_d0_significance"]
    assert row["mean"] == pytest.approx(mean)
    assert row["sigma"] == pytest.approx(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
    assert row["mean_shift"] == pytest.approx((mean - row["published_mean"]) / row["published_sigma"])
    assert row["mean_ratio"] == pytest.approx(mean / row["published_mean"])
    vertex = rows.loc["vertex_mass"]
    assert vertex[["missing", "missing_b", "missing_c", "missing_light"]].tolist() == pytest.approx(
        [1 / 7] * 4
    )
    assert rows.loc["track_1_D0", "missing"] == 1.0
    assert np.isnan(rows.loc["track_1_D0", "mean"])
    assert rows.loc["jet_pt", "missing"] == 0.0


def test_the_table_has_one_row_an_input_and_these_columns(ntuple, table, published):
    rows = validation_table(all_sums(ntuple, table, published), table, published)
    assert rows["input"].tolist() == list(table.names)
    assert rows.columns.tolist() == [
        *(
            "input",
            "block",
            "place",
            "variable",
            "unit",
            "group",
            "published_mean",
            "mean",
            "mean_error",
            "mean_ratio",
            "mean_shift",
        ),
        *("mean_shift_error", "published_sigma", "sigma", "sigma_error", "sigma_ratio", "sigma_ratio_error"),
        *("missing", "missing_b", "missing_c", "missing_light"),
    ]


def test_the_mixture_gives_every_flavour_its_share():
    sums = {flavour: np.zeros((2, 5, 1)) for flavour in PUBLISHED_FRACTIONS}
    for value, part in enumerate(sums.values()):
        # All weight of a flavour at one value, of very different sizes.
        part[:] = 10.0 ** (2 * value) * np.float64(value) ** np.arange(5)[None, :, None]
    mixed = moments(mix(sums, PUBLISHED_FRACTIONS))
    assert mixed.mean[0] == pytest.approx(PUBLISHED_FRACTIONS["c"] + 2 * PUBLISHED_FRACTIONS["light"])


def test_soft_jets_that_the_data_set_would_not_hold_are_left_out(ntuple, table, published):
    sums = input_sums(ntuple("bb", pt=22.0), "bb", table, published)
    assert sums["sum_w"].sum() == 0.0


def test_faults_are_named(ntuple, table, published, tmp_path):
    path = ntuple("bb")
    with pytest.raises(InputError, match="'ttbar' supplies no flavour"):
        input_sums(path, "ttbar", table, published)
    with pytest.raises(InputError, match="no sample supplies c jets"):
        merge_sums([input_sums(path, "bb", table, published)])
    broken = tmp_path / "moments.csv"
    broken.write_text("name,mean,variance,default\njet_pt,1,1,0\n")
    with pytest.raises(InputError, match="no row for jet_eta"):
        load_published(broken, table)
    with pytest.raises(InputError, match="cannot be read"):
        load_published(tmp_path / "absent.csv", table)


def test_the_published_numbers_are_the_studys(published):
    assert published.loc["jet_pt", "mean"] == pytest.approx(33.825, abs=1e-3)
    assert published.loc["jet_pt", "sigma"] == pytest.approx(12.585, abs=1e-3)
    assert len(published) == 184
    assert PUBLISHED_FRACTIONS["b"] == pytest.approx(0.393, abs=5e-4)
    assert sum(PUBLISHED_FRACTIONS.values()) == pytest.approx(1.0)


def test_the_softest_published_jet_is_at_the_edge_of_the_acceptance():
    pt, eta = np.array([22.9141, 22.90, 24.0, 24.1]), np.array([2.5, 2.5, 0.0, 0.0])
    assert published_acceptance(pt, eta).tolist() == [True, False, False, True]


def test_one_chunk_or_two_make_no_difference(ntuple, table, published):
    path = {process: ntuple(process) for process in FLAVOUR}
    parts = [input_sums(path[process], process, table, published) for process in FLAVOUR]
    once, twice = merge_sums(parts), merge_sums([*parts, *parts])
    for flavour in once:
        np.testing.assert_allclose(twice[flavour], 2 * once[flavour])
    pd.testing.assert_series_equal(
        validation_table(once, table, published)["mean"], validation_table(twice, table, published)["mean"]
    )
