"""Rates at fixed cuts in bins of the kinematics."""

from dataclasses import replace

import numpy as np
import pytest

from robustag.binomial import paired_difference
from robustag.evaluation.binned import binned_rates, jet_bins
from robustag.evaluation.bootstrap import event_weights
from robustag.evaluation.rates import clean_cuts

EDGES = {"pt": [20, 40, 100], "eta": [0.0, 1.0, 2.5]}


def test_edges_belong_to_the_bin_above_and_the_last_one_to_the_last_bin():
    pt = np.array([19.9, 20.0, 39.9, 40.0, 100.0, 100.1], dtype=np.float32)
    eta = np.array([0.0, -0.5, -1.0, 2.5, -2.5, 2.6])
    bins = jet_bins(pt, eta, EDGES)
    assert bins["pt"].tolist() == [-1, 0, 0, 1, 1, -1]
    assert bins["eta"].tolist() == [0, 0, 1, 1, 1, -1]


@pytest.fixture
def sample(make_jets, settings):
    logits, label, event = make_jets(4000)
    rng = np.random.default_rng(1)
    pt, eta = rng.uniform(10, 120, 4000), rng.uniform(-3, 3, 4000)
    cuts = clean_cuts(logits, label, settings)
    changed = logits + rng.normal(scale=0.3, size=logits.shape).astype(np.float32)
    return logits, changed, label, event, pt, eta, cuts


def test_every_count_is_that_of_a_literal_selection(sample, settings):
    logits, changed, label, _, pt, eta, cuts = sample
    table = binned_rates(changed, label, jet_bins(pt, eta, EDGES), settings, cuts, logits)
    assert len(table) == 4 * 2 * 2 * 4
    for row in table[table["discriminator"] == "CvL"].itertuples():
        value = pt if row.variable == "pt" else np.abs(eta)
        jets = (label == (1 if row.metric == "fixed_cut_efficiency" else 2)) & (value >= row.bin_low)
        jets &= value < row.bin_high
        cut = cuts.score["CvL", row.working_point]
        before, after = ((z[jets, 1].astype(float) - z[jets, 2]) > cut for z in (logits, changed))
        assert (row.total, row.passed) == (jets.sum(), after.sum())
        assert (row.gained, row.lost) == ((after & ~before).sum(), (before & ~after).sum())
        assert row.low <= row.value <= row.high


def test_bins_that_hold_all_jets_add_up_to_the_rate(sample, settings):
    logits, changed, label, _, pt, eta, cuts = sample
    wide = replace(settings, bins={"pt": [0, 60, 200], "eta": [0.0, 3.0]})
    table = binned_rates(changed, label, jet_bins(pt, eta, wide.bins), wide, cuts, logits)
    rows = table[(table["discriminator"] == "BvL") & (table["metric"] == "fixed_cut_mistag")]
    rows = rows[rows["working_point"] == 0.1]
    odds = changed[label == 2, 0].astype(float) - changed[label == 2, 2]
    for variable in ("pt", "eta"):
        sums = rows[rows["variable"] == variable][["passed", "total"]].sum()
        assert sums["passed"] / sums["total"] == (odds > cuts.score["BvL", 0.1]).mean()


def test_the_paired_error_is_that_of_the_bootstrap_over_events(sample, settings):
    """One jet an event: 600 replicates of the change of a rate spread as gained and lost jets say, to 3 %."""
    logits, changed, label, event, pt, eta, cuts = sample
    table = binned_rates(changed, label, jet_bins(pt, eta, EDGES), settings, cuts, logits)
    row = table[(table["metric"] == "fixed_cut_mistag") & (table["variable"] == "pt")].iloc[1]
    light = (label == 2) & (pt >= 40) & (pt < 100)
    crossed = [(z[light, 0].astype(float) - z[light, 2]) > cuts.score["BvL", 0.1] for z in (logits, changed)]
    weights = event_weights(event[light], 600, 5).astype(float)
    rates = [(weights * passed[:, None]).sum(axis=0) / weights.sum(axis=0) for passed in crossed]
    difference, error = paired_difference(row["gained"], row["lost"], row["total"])
    assert difference == pytest.approx(crossed[1].mean() - crossed[0].mean())
    assert error == pytest.approx((rates[1] - rates[0]).std(), rel=0.1)


def test_other_jets_have_no_crossings(sample, settings):
    logits, _, label, _, pt, eta, cuts = sample
    bins = jet_bins(pt, eta, EDGES)
    table = binned_rates(logits, label, bins, settings, cuts, None)
    assert table[["gained", "lost"]].isna().all(axis=None)
    assert table["gained"].dtype == "Int64"
    same = binned_rates(logits, label, bins, settings, cuts, logits)
    assert (same[["gained", "lost"]] == 0).all(axis=None)
    assert same["passed"].tolist() == table["passed"].tolist()


def test_an_empty_bin_has_no_rate(sample, settings):
    logits, _, label, _, pt, eta, cuts = sample
    wide = replace(settings, bins={"pt": [500, 600], "eta": [0.0, 3.0]})
    table = binned_rates(logits, label, jet_bins(pt, eta, wide.bins), wide, cuts, logits)
    empty = table[table["variable"] == "pt"]
    assert (empty["total"] == 0).all()
    assert empty["value"].isna().all()
    assert (empty[["low", "high"]] == [0, 1]).all(axis=None)
