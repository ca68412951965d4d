"""Jets that do not count one each: what weights must do to every number, and what they must not."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import torch

from robustag.binomial import effective_efficiency, effective_number, efficiency, in_effective_jets
from robustag.errors import InputError
from robustag.evaluation.assess import AssessedJets, assess
from robustag.evaluation.bootstrap import event_weights, own, replicas
from robustag.evaluation.distances import (
    Cuts,
    Reference,
    correlation,
    kullback_leibler,
    wasserstein,
)
from robustag.evaluation.distances.single import Column
from robustag.evaluation.rates import clean_cuts
from robustag.evaluation.roc import Ranking, area, cuts_at_mistag
from robustag.tensors.loading import JetTensors
from robustag.visibility import jensen_shannon

LEVELS = 0.25
"""Logits in such steps, so that many scores tie."""


def sample(n, seed, weight=None, events=None):
    """Jets of three flavours as columns; logits tie, kinematics and kinematic weights vary."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    logits = rng.normal(size=(n, 3))
    logits[np.arange(n), label] += 1.0
    return {
        "logits": np.round(logits / LEVELS) * LEVELS,
        "label": label,
        "event": np.arange(n) * 7919 if events is None else events,
        "pt": rng.uniform(15, 110, n),
        "eta": rng.uniform(-2.6, 2.6, n),
        "kinematic": rng.uniform(0.5, 2.0, n),
        "weight": np.ones(n) if weight is None else weight(rng, n),
    }


def rows_of(jets, rows, **changes):
    return {name: column[rows] for name, column in jets.items()} | changes


def together(*parts):
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def measured(jets, settings, cuts=None):
    columns = (jets[name] for name in ("label", "event", "pt", "eta", "kinematic", "weight"))
    assessed = AssessedJets.of(*columns, settings)
    logits = jets["logits"]
    cuts = cuts or clean_cuts(logits, jets["label"], settings, jets["weight"])
    loss = {"loss": np.square(logits).sum(axis=1)}
    return assess(logits, assessed, settings, cuts, loss, np.roll(logits, 1, axis=1))


def assert_same_values(one, other):
    """All values of both; of tables that count jets in shares only."""
    for name in ("metrics", "curves"):
        column = "value" if name == "metrics" else "mistag"
        np.testing.assert_allclose(getattr(one, name)[column], getattr(other, name)[column], rtol=1e-9)
    for column in ("predicted", "observed"):
        np.testing.assert_allclose(one.calibration[column], other.calibration[column], rtol=1e-9)
    np.testing.assert_allclose(one.bins["value"], other.bins["value"], rtol=1e-9, atol=1e-12)
    for column in ("gained", "lost"):
        crossed = [
            (table[column].astype(float) / table["total"]).to_numpy() for table in (one.bins, other.bins)
        ]
        np.testing.assert_allclose(*crossed, rtol=1e-9, atol=1e-12)
    for name, key in (("confusion", ["true"]), ("histograms", ["quantity"])):
        shares = [
            (table["count"] / table.groupby(key)["count"].transform("sum")).to_numpy()
            for table in (getattr(one, name), getattr(other, name))
        ]
        np.testing.assert_allclose(*shares, rtol=1e-9, atol=1e-12)


def test_weights_that_are_all_alike_change_no_bit(settings):
    jets = sample(1500, 1)
    one, other = (
        measured(jets | {"weight": np.full(1500, size, np.float32)}, settings) for size in (1.0, 0.3)
    )
    for field in fields(one):
        pd.testing.assert_frame_equal(
            getattr(one, field.name), getattr(other, field.name), check_exact=True, obj=field.name
        )
    assert one.metrics["n"].dtype == one.confusion["count"].dtype == np.int64


def test_a_jet_of_weight_two_is_two_jets(settings):
    jets = sample(1200, 2, lambda rng, n: rng.integers(0, 5, n).astype(float))
    copies = rows_of(jets, np.repeat(np.arange(1200), jets["weight"].astype(int)))
    copies["weight"] = np.ones(len(copies["label"]))
    weighted, copied = measured(jets, settings), measured(copies, settings)
    assert_same_values(weighted, copied)
    # The copies of a jet are one event, too.
    for one, other in zip(weighted.metrics["replicates"], copied.metrics["replicates"], strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5)
    assert (weighted.metrics["n"] < copied.metrics["n"]).all()


def test_weights_that_cancel_leave_what_was_there(settings):
    """Further jets in pairs of opposite weights: every sum stays, and so does every number."""
    jets = sample(900, 3, lambda rng, n: rng.uniform(0.5, 3.0, n))
    extra = sample(300, 4, lambda rng, n: rng.uniform(0.5, 3.0, n))
    signed = together(jets, extra, extra | {"weight": -extra["weight"]})
    assert clean_cuts(signed["logits"], signed["label"], settings, signed["weight"]).score == pytest.approx(
        clean_cuts(jets["logits"], jets["label"], settings, jets["weight"]).score
    )
    with_pairs, without = measured(signed, settings), measured(jets, settings)
    assert_same_values(with_pairs, without)
    assert (with_pairs.metrics["n"] < without.metrics["n"]).all(), "what cancels costs precision"
    assert (with_pairs.bins["low"] <= with_pairs.bins["value"]).all()


def test_a_signed_sample_measures_what_its_positive_twin_does(settings):
    """Weights of 1 and of +-2 with a mean of 1 are samples of the same jets, within their errors."""
    signs = lambda rng, n: np.where(rng.random(n) < 0.25, -2.0, 2.0)  # noqa: E731
    cuts = clean_cuts(*(sample(5000, 5)[name] for name in ("logits", "label")), settings)
    settings, pulls = replace(settings, bootstrap=40), []
    for seed in range(8):
        signed = measured(sample(1500, 100 + seed, signs), settings, cuts).metrics
        plain = measured(sample(1500, 200 + seed), settings, cuts).metrics
        chosen = signed["metric"].isin(["auc", "fixed_cut_efficiency", "accuracy"])
        error = [np.stack(table["replicates"].to_list()).std(axis=1) for table in (signed, plain)]
        pulls.append(((signed["value"] - plain["value"]) / np.hypot(*error))[chosen])
    pulls = np.array(pulls)
    assert (np.abs(pulls.mean(axis=0)) < 3.5 / np.sqrt(8)).all()
    assert 0.7 < pulls.std() < 1.3


def test_working_points_of_signed_weights_are_those_of_the_running_maximum():
    """Cumulative background from above: 2, 1, 3, 2, 4 of 4; its maximum so far: 2, 2, 3, 3, 4."""
    scores, weight = np.array([5.0, 4.0, 3.0, 2.0, 1.0]), np.array([2.0, -1.0, 2.0, -1.0, 2.0])
    ranking = Ranking(np.array([5.5, 3.5, 1.5]), scores)
    cuts = cuts_at_mistag(scores, (0.4, 0.5, 0.7, 0.75, 0.9, 1.0), weight)
    assert cuts.tolist() == [5.0, 3.0, 3.0, 1.0, 1.0, -np.inf]
    roc = ranking.weigh(np.ones((3, 1)), weight[:, None])
    np.testing.assert_allclose(roc.rates_at_cut(np.array([4.5, 3.5, 2.5]))[1][:, 0], [0.5, 0.25, 0.75])
    found = roc.efficiency_at_mistag(np.array([0.3, 0.5, 0.7, 0.75, 0.9, 1.0]))[:, 0]
    np.testing.assert_allclose(found, np.array([1, 2, 2, 3, 3, 3]) / 3)
    # Pairs by hand: signal 5.5 beats all 4, 3.5 beats 4 - 1, 1.5 beats the last 2.
    assert roc.auc()[0] == pytest.approx((4 + 3 + 2) / 12)


def test_jets_that_tie_have_one_place_whatever_their_order():
    scores, weight = np.array([2.0, 1.0, 1.0, 1.0, 0.0]), np.array([1.0, 3.0, -2.0, 1.0, 1.0])
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 3, 1, 0, 4]):
        cuts = cuts_at_mistag(scores[order], (0.2, 0.25, 0.7, 0.75), weight[order])
        assert cuts.tolist() == [2, 1, 1, 0]


def test_interval_of_the_area_is_that_of_the_replicates():
    jets = sample(400, 6, lambda rng, n: rng.exponential(size=n))
    weights = replicas(jets["event"], jets["weight"], 50, 3)
    counts = event_weights(jets["event"], 50, 3)
    signal, background = (np.flatnonzero(jets["label"] == flavour) for flavour in (0, 2))
    found = area(jets["logits"][:, 0], signal, background, weights)
    for replicate in range(50):
        counted = np.repeat(np.arange(400), counts[:, replicate])
        score, label, weight = (jets[name][counted] for name in ("logits", "label", "weight"))
        b, light = label == 0, label == 2
        wins = np.sign(score[b, 0][:, None] - score[light, 0]) / 2 + 0.5
        expected = weight[b] @ wins @ weight[light] / (weight[b].sum() * weight[light].sum())
        assert found.replicates[replicate] == pytest.approx(expected, rel=1e-6)
    assert own(weights) == pytest.approx(jets["weight"], rel=1e-6)
    assert own(replicas(jets["event"], np.full(400, 2.5), 5, 3)) is None


WEIGHTS = {
    "stitched": lambda rng, shape: rng.choice([0.1, 1.0, 4.0], shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape),
    "signed": lambda rng, shape: np.where(rng.random(shape) < 0.15, -1.0, 1.0),
}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("rate", [0.3, 0.05])
def test_interval_of_a_weighted_rate_covers_68_per_cent(weights, rate):
    """4000 toys of 500 jets; exact intervals of counts cover a little more than they say."""
    rng = np.random.default_rng(8)
    weight, passed = WEIGHTS[weights](rng, (4000, 500)), rng.random((4000, 500)) < rate
    number = np.array([effective_number(each, 500) for each in weight])
    low, high = effective_efficiency((weight * passed).sum(axis=1) / weight.sum(axis=1), number)
    covered = ((low <= rate) & (rate <= high)).mean()
    assert 0.66 < covered < 0.78


@pytest.mark.parametrize("weights", WEIGHTS)
def test_interval_of_a_weighted_area_covers_68_per_cent(weights):
    """300 toys of 300 jets, whose scores are exponential with means 3 and 1: the area is 3/4."""
    rng, covered = np.random.default_rng(9), 0
    signal, background = np.arange(150), np.arange(150, 300)
    for toy in range(300):
        score = rng.exponential(np.repeat([3.0, 1.0], 150))
        found = area(
            score, signal, background, replicas(np.arange(300), WEIGHTS[weights](rng, 300), 150, toy)
        )
        covered += found.low <= 0.75 <= found.high
    assert abs(covered / 300 - 0.68) < 3 * np.sqrt(0.68 * 0.32 / 300)


def test_effective_numbers():
    assert effective_number(None, 7) == 7
    assert effective_number(np.full(7, 0.2), 7) == pytest.approx(7)
    assert effective_number(np.array([3.0, 1.0]), 2) == 1.6
    assert effective_number(np.array([1.0, 1.0, -1.0]), 3) == pytest.approx(1 / 3)
    assert effective_number(np.zeros(3), 3) == 0.0
    weight = np.array([3.0, 1.0, -0.5])
    assert in_effective_jets(weight).sum() == pytest.approx(effective_number(weight, 3))
    passed, total = np.array([0, 0, 3, 9, 10]), np.array([0, 10, 10, 10, 10])
    with np.errstate(invalid="ignore"):
        found = effective_efficiency(passed / total, total)
    np.testing.assert_array_equal(found, efficiency(passed, total)[1:])


def test_a_rate_out_of_bounds_lies_in_its_interval():
    low, high = effective_efficiency(np.array([-0.1, 1.2]), np.array([40.0, 40.0]))
    np.testing.assert_allclose([low[0], high[1]], [-0.1, 1.2])
    np.testing.assert_allclose([high[0], low[1]], [efficiency(0, 40)[2], efficiency(40, 40)[1]])


def test_a_flavour_without_weight_is_refused(settings):
    jets = sample(300, 10)
    jets["weight"][jets["label"] == 1] = -1.0
    with pytest.raises(InputError, match="the weights of c jets add up to -"):
        measured(jets, settings)


def tensors(inputs, label, event, weight):
    ones = torch.ones(len(label))
    inputs = torch.tensor(inputs, dtype=torch.float32)
    return JetTensors(
        torch.nan_to_num(inputs, nan=-9.0),
        inputs.isnan(),
        torch.tensor(label),
        *[ones] * 3,
        torch.tensor(event),
        torch.tensor(weight, dtype=torch.float32),
    )


def two_samples(seed, weight):
    """Two samples of the same events: inputs that all bins of a histogram have, one of them often missing."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(3000, 2)) + rng.normal(size=(3000, 1))
    inputs[rng.random(3000) < 0.2, 1] = np.nan
    label, event = rng.integers(0, 3, 3000), np.arange(3000) * 7919
    return inputs, inputs + rng.normal(0.1, 0.3, inputs.shape), label, event, weight(rng, 3000)


def compared(clean, changed, label, event, weight):
    before, after = (tensors(inputs, label, event, weight) for inputs in (clean, changed))
    table = pd.DataFrame(Reference(before).compare(after))
    return table.set_index(["input", "flavour", "distance"])


def test_distances_of_weighted_jets_are_those_of_their_copies():
    clean, changed, label, event, weight = two_samples(11, lambda rng, n: rng.integers(1, 5, n))
    copies = np.repeat(np.arange(3000), weight)
    weighted = compared(clean, changed, label, event, weight)
    copied = compared(*(column[copies] for column in (clean, changed, label, event, np.ones(3000))))
    for name in ("wasserstein", "shift"):
        found, expected = (table.xs(name, level="distance")["value"] for table in (weighted, copied))
        np.testing.assert_allclose(found, expected, rtol=1e-5, err_msg=name)
    shift = (weighted["high"] - weighted["low"]).xs("shift", level="distance")
    of_copies = (copied["high"] - copied["low"]).xs("shift", level="distance")
    assert (shift > of_copies).all(), "copies pretend to be jets"


def test_weights_of_entries_between_cuts_are_those_of_their_copies():
    rng = np.random.default_rng(16)
    values, cell = np.round(rng.normal(size=2000), 2).astype(np.float32), rng.integers(0, 48, 2000)
    weight = rng.integers(0, 4, 2000)
    cuts = Cuts.of(np.sort(values))
    one = Column.of(values, cell, cuts, 1.0, weight.astype(float))
    other = Column.of(np.repeat(values, weight), np.repeat(cell, weight), cuts, 1.0)
    for name in ("flavours", "moving", "all"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12)
    assert one.number < other.number == weight.sum()
    assert one.entry * one.number == pytest.approx(weight.sum())


def test_an_empty_bin_has_one_entry_in_the_unit_of_the_weights():
    clean, changed = np.array([4, 0, 6]), np.array([5, 5, 0])
    expected = kullback_leibler(clean, changed)
    assert kullback_leibler(0.1 * clean, 0.1 * changed, entry=0.1) == pytest.approx(expected, rel=1e-12)
    cancelled = np.array([0.0, -1e-14, 0.0])
    assert kullback_leibler(clean + cancelled, changed) == pytest.approx(expected, rel=1e-12)
    negative = kullback_leibler(np.array([4, -3, 6]), changed), jensen_shannon(np.array([4, -3, 6]), changed)
    assert negative == (expected, jensen_shannon(clean, changed))


@pytest.mark.parametrize("size", [1.0, 0.01])
def test_distances_do_not_depend_on_the_unit_of_the_weights(size):
    clean, changed, label, event, weight = two_samples(12, lambda rng, n: rng.exponential(size=n))
    one = compared(clean, changed, label, event, weight)
    other = compared(clean, changed, label, event, size * weight)
    pd.testing.assert_frame_equal(one, other, rtol=1e-4)
    plain = compared(clean, changed, label, event, np.ones(3000))
    alike = compared(clean, changed, label, event, np.full(3000, size))
    pd.testing.assert_frame_equal(plain, alike, rtol=1e-6)


def test_weights_that_cancel_leave_all_distances():
    clean, changed, label, event, weight = two_samples(13, lambda rng, n: rng.uniform(0.5, 2.0, n))
    pairs = np.concatenate([np.arange(3000), np.arange(500), np.arange(500)])
    signs = np.repeat([1.0, 1.0, -1.0], [3000, 500, 500])
    signed = compared(*(column[pairs] for column in (clean, changed, label, event)), weight[pairs] * signs)
    plain = compared(clean, changed, label, event, weight)
    for name, slack in (("wasserstein", 1e-4), ("shift", 1e-4), ("js", 0.2), ("ks", 0.05)):
        found, expected = (table.xs(name, level="distance")["value"] for table in (signed, plain))
        np.testing.assert_allclose(found, expected, rtol=slack, atol=1e-6, err_msg=name)


def test_wasserstein_distance_of_weights_is_that_of_copies():
    rng = np.random.default_rng(14)
    a, b = (np.sort(rng.normal(size=n)) for n in (40, 70))
    w, v = (rng.integers(1, 4, n) for n in (40, 70))
    expected = wasserstein(np.repeat(a, w), np.repeat(b, v))
    assert wasserstein(a, b, w, v) == pytest.approx(expected, rel=1e-12)
    assert wasserstein(a, np.repeat(b, v), w) == pytest.approx(expected, rel=1e-12)


def test_correlations_of_weighted_jets_are_those_of_their_copies():
    rng = np.random.default_rng(15)
    values, exists = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3)), rng.random((400, 3)) < 0.8
    weight = rng.integers(1, 4, 400)
    copied = correlation(np.repeat(values, weight, axis=0), np.repeat(exists, weight, axis=0))
    np.testing.assert_allclose(correlation(values, exists, weight), copied, rtol=1e-9)
