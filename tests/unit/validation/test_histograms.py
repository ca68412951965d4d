"""Histograms count everything once, and add up."""

import numpy as np
import pandas as pd

from robustag.validation.histograms import histogram, merge_histograms, pick_histogram

EDGES = np.linspace(-2.0, 2.0, 9)


def test_counts_are_those_of_numpy_with_what_lies_outside():
    values = np.random.default_rng(1).normal(0, 1.5, 1000)
    table = histogram("x", values, EDGES)
    assert table["count"].to_numpy()[1:-1].tolist() == np.histogram(values, EDGES)[0].tolist()
    assert table["count"].iloc[0] == (values < -2).sum()
    assert table["count"].iloc[-1] == (values >= 2).sum()
    assert table["count"].sum() == 1000


def test_flavours_and_slices_are_counted_apart():
    rng = np.random.default_rng(2)
    values, pt = rng.normal(0, 1, 500), rng.uniform(0, 10, 500)
    flavour = rng.choice(["b", "c", "tau"], 500)
    table = histogram(
        "x", values, EDGES, flavour=flavour, flavours=("b", "c"), slices=("pt", pt, (2.0, 5.0, 9.0))
    )
    for kind in ("b", "c"):
        for low, high in ((2.0, 5.0), (5.0, 9.0)):
            rows = table[(table.flavour == kind) & (table.slice_low == low)]
            chosen = (flavour == kind) & (pt >= low) & (pt < high)
            assert rows["count"].sum() == chosen.sum()
            assert (rows.slice_high == high).all()


def test_missing_values_are_not_counted():
    assert histogram("x", np.array([0.0, np.nan, np.inf]), EDGES)["count"].sum() == 1


def test_chunks_add_up_bin_by_bin():
    values = np.random.default_rng(3).normal(0, 1, 900)
    whole = pd.concat([histogram("x", values, EDGES), histogram("y", values, EDGES)], ignore_index=True)
    parts = [
        pd.concat([histogram("x", part, EDGES), histogram("y", part, EDGES)])
        for part in np.split(values, [250])
    ]
    pd.testing.assert_frame_equal(merge_histograms(parts), whole, check_dtype=False)
    assert len(pick_histogram(whole, "y")) == len(EDGES) + 1
