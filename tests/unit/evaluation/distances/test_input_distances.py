"""Distances against closed forms, scipy and what must hold whatever the jets."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from robustag.errors import InputError
from robustag.evaluation.distances import (
    Classifiers,
    Clean,
    Cuts,
    Reference,
    Sample,
    Training,
    correlation,
    correlation_change,
    kullback_leibler,
    measure_all,
    wasserstein,
)
from robustag.tensors.loading import JetTensors
from robustag.visibility import jensen_shannon, jets_to_see, price_of_looking, true_distance

NAMES = ("a", "b", "c", "d")


def measure(clean, changed, names, seed, joint):
    return Clean(clean, names, joint).compare(changed, seed)[0]


def classifier_auc(clean, changed, seed):
    everything = np.ones(clean.inputs.shape[1], dtype=bool)
    return Classifiers(clean, changed, [Training(everything, 1, seed)]).auc(0, seed)[:3]


def make_jets(seed, jets=1200):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(jets, 4))
    inputs[:, 1] += inputs[:, 0]
    missing = rng.random((jets, 4)) < [0.0, 0.2, 0.0, 0.0]
    inputs[missing] = -9.0
    ones = torch.ones(jets)
    return JetTensors(
        torch.tensor(inputs, dtype=torch.float32),
        torch.tensor(missing),
        torch.tensor(rng.integers(0, 3, jets)),
        ones,
        ones,
        ones,
        torch.tensor(np.repeat(np.arange(jets // 2), 2) * 7919),
        ones,
    )


def as_jets(values, after=0):
    """Jets of one input, which each of them has, each in an event of its own."""
    number = len(values)
    inputs, ones = torch.tensor(values, dtype=torch.float32)[:, None], torch.ones(number)
    labels = torch.zeros(number, dtype=torch.int64)
    return JetTensors(inputs, inputs.isnan(), labels, ones, ones, ones, torch.arange(number) + after, ones)


def moved(jets, by):
    return dataclasses.replace(jets, inputs=torch.where(jets.missing, jets.inputs, jets.inputs + by))


def value(table, distance, name="all", flavour="all"):
    row = table[(table.distance == distance) & (table.input == name) & (table.flavour == flavour)]
    return row.value.item()


def test_divergences_agree_with_scipy_and_with_the_rule_of_the_study():
    rng = np.random.default_rng(1)
    clean, changed = rng.poisson(3.0, (2, 5, 50))
    assert (clean == 0).any()
    for p, q, kl, js in zip(
        clean, changed, kullback_leibler(clean, changed), jensen_shannon(clean, changed), strict=True
    ):
        filled = np.where(p == 0, 1, p), np.where(q == 0, 1, q)
        assert kl == pytest.approx(stats.entropy(*filled))
        middle = p / p.sum() / 2 + q / q.sum() / 2
        assert js == pytest.approx((stats.entropy(p, middle) + stats.entropy(q, middle)) / 2)


def test_divergences_at_their_ends():
    apart = np.array([[10, 0], [0, 10]])
    assert jensen_shannon(*apart[:, None])[0] == pytest.approx(np.log(2))
    assert kullback_leibler(apart, apart) == pytest.approx(0.0)
    assert np.isnan(jensen_shannon(np.zeros((1, 3)), np.ones((1, 3)))).all()


def below(values, cuts):
    """Entries below each cut, and in all."""
    return np.append((values[:, None] < cuts.points).sum(axis=0), len(values))


def rows_of(clean, changed):
    """Distances of two samples of the one input, by their names."""
    return pd.DataFrame(Reference(clean).compare(changed)).set_index("distance")


def test_bins_are_those_of_the_central_clean_entries():
    rng = np.random.default_rng(3)
    clean, changed = rng.exponential(size=(2, 3000)).astype(np.float32)
    cuts = Cuts.of(np.sort(clean))
    edges = np.linspace(*np.percentile(clean, (0.5, 99.5)), 51)
    for values in (clean, changed):
        expected, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
        np.testing.assert_array_equal(cuts.binned(below(values, cuts)), expected)


@pytest.mark.parametrize("common", [False, True])
def test_kolmogorov_distance_is_scipy_s(common):
    """Below 1,000 clean entries every one of them is a cut, on both sides."""
    rng = np.random.default_rng(4)
    for shift in (0.0, 1e-6, 0.1):
        clean, changed = rng.normal(size=400), rng.normal(size=700)
        if common:
            clean[:50] = changed[:90] = 0.25
        changed += shift
        expected = stats.ks_2samp(clean.astype(np.float32), changed.astype(np.float32)).statistic
        found = rows_of(as_jets(clean), as_jets(changed)).loc[f"ks{'_repeated' * common}"]
        assert found["value"] == pytest.approx(expected, abs=1e-12)
        assert found["low"] < found["value"] < found["high"]


def test_a_large_sample_loses_little_between_cuts():
    rng = np.random.default_rng(5)
    clean = rng.normal(size=20_000)
    changed = clean + 0.02 * rng.normal(size=20_000) ** 2
    found = rows_of(as_jets(clean), as_jets(changed)).loc["ks", "value"]
    assert found == pytest.approx(stats.ks_2samp(clean, changed).statistic, rel=0.03)


def test_jets_to_see_a_distance_give_it_three_sigma():
    seen = jets_to_see(0.01)
    assert stats.kstwobign.sf(0.01 * np.sqrt(seen / 2)) == pytest.approx(2 * stats.norm.sf(3), rel=1e-6)
    assert jets_to_see(0.01, share=0.5) == pytest.approx(2 * seen)
    assert jets_to_see(0.02) == pytest.approx(seen / 4)
    assert np.isinf(jets_to_see(0.0))
    many = seen * price_of_looking(175)
    assert stats.kstwobign.sf(0.01 * np.sqrt(many / 2)) == pytest.approx(2 * stats.norm.sf(3) / 175, rel=1e-6)


def test_so_many_jets_are_as_many_as_it_takes():
    """Of 200 pairs of samples whose means are a tenth of a sigma apart most show it at three sigma."""
    rng = np.random.default_rng(6)
    number = int(jets_to_see(2 * stats.norm.cdf(0.05) - 1))
    samples = [(rng.normal(size=number), rng.normal(0.1, size=number)) for _ in range(200)]
    seen = np.mean([stats.ks_2samp(*pair, method="asymp").pvalue < 2 * stats.norm.sf(3) for pair in samples])
    assert 0.5 < seen < 0.9


def test_chance_alone_gives_the_floor():
    """Other jets of one simulation are as far apart as the floor says, by every distance that has one."""
    parts = []
    for seed in range(40):
        first, second = make_jets(2 * seed, jets=300), make_jets(2 * seed + 1, jets=300)
        other = dataclasses.replace(second, event=second.event + 1)
        parts.append(pd.DataFrame(Reference(first).compare(other)).dropna(subset="floor"))
    mean = pd.concat(parts).groupby("distance")[["value", "floor"]].mean()
    assert set(mean.index) == {"kl", "js", "ks"}
    np.testing.assert_allclose(mean["value"], mean["floor"], rtol=0.06)


def test_copies_have_a_floor_of_their_own():
    """Symmetric noise on each jet: far below the floor of other jets, and no change of the distribution."""
    jets = make_jets(30, jets=4000)
    noise = torch.tensor(0.02 * np.random.default_rng(31).normal(size=(4000, 4)), dtype=torch.float32)
    rows = pd.DataFrame(Reference(jets).compare(moved(jets, noise)))
    mean = rows[rows["distance"] == "ks"][["value", "floor"]].mean()
    others = np.sqrt(np.pi / 2) * np.log(2) * np.sqrt(2 / 4000)
    assert mean["floor"] < others / 2
    assert mean["value"] == pytest.approx(mean["floor"], rel=0.4)


def test_the_distance_of_distributions_has_no_chance_in_it():
    """A tenth of a sigma, in small samples and a large one."""
    truth = 2 * stats.norm.cdf(0.05) - 1
    found = []
    for seed in range(100):
        clean, changed = np.random.default_rng([seed, 2]).normal(size=(2, 1000))
        rows = rows_of(as_jets(clean), as_jets(changed + 0.1, after=1000))
        found.append(rows.loc["ks", ["value", "floor"]].to_numpy(float))
    value, floor = np.transpose(found)
    assert value.mean() > 1.2 * truth
    assert true_distance(value, floor).mean() == pytest.approx(truth, rel=0.2)


def test_the_error_of_a_distance_is_at_most_that_of_the_jets_that_cross():
    """Over 300 samples of jets of which half are moved; elsewhere the largest distance may be larger."""
    found, errors = [], []
    for seed in range(300):
        rng = np.random.default_rng([seed, 1])
        clean = rng.normal(size=500)
        ks = rows_of(as_jets(clean), as_jets(clean + 0.6 * (rng.random(500) < 0.5))).loc["ks"]
        found.append(ks["value"])
        errors.append((ks["high"] - ks["low"]) / 2)
    assert np.std(found) < np.mean(errors) < 1.5 * np.std(found)


def test_the_error_of_a_shift_is_that_of_the_differences():
    jets = make_jets(32)
    by = 0.1 + 0.05 * np.random.default_rng(33).normal(size=jets.inputs.shape)
    number = int((jets.label == 1).sum())
    spread = float(jets.inputs[jets.label == 1, 0].std())
    others = dataclasses.replace(jets, event=jets.event + 1)
    for changed, error in (
        (moved(jets, torch.tensor(by, dtype=torch.float32)), 0.05 / np.sqrt(number)),
        (others, spread * np.sqrt(2 / number)),
    ):
        table = measure(jets, changed, NAMES, 1, 0)
        row = table[(table.distance == "shift") & (table.input == "a") & (table.flavour == "c")].squeeze()
        assert (row["high"] - row["low"]) / 2 == pytest.approx(error, rel=0.1)


def test_what_no_jet_has_has_no_distance():
    jets = make_jets(34, jets=200)
    jets.missing[:, 3] = True
    table = measure(jets, moved(jets, 0.1), NAMES, 1, 0)
    assert table[table.input == "d"].value.isna().all()
    assert table[table.input != "d"].value.notna().all()


def test_wasserstein_is_the_shift_whatever_the_numbers():
    values = np.sort(np.random.default_rng(2).normal(size=300))
    assert wasserstein(values, values + 0.25) == pytest.approx(0.25)
    assert wasserstein(values, values[:200]) == pytest.approx(
        stats.wasserstein_distance(values, values[:200])
    )
    assert np.isnan(wasserstein(values, values[:0]))


def test_correlations_are_numpy_s_over_the_jets_that_have_both():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4))
    exists = rng.random((500, 4)) < [1.0, 0.8, 0.6, 0.1]
    values[:, 0] = 2.0
    found = correlation(values, exists)
    both = exists[:, 1] & exists[:, 2]
    assert found[1, 2] == found[2, 1] == pytest.approx(np.corrcoef(values[both, 1], values[both, 2])[0, 1])
    assert np.isnan(found[0]).all(), "an input that does not vary correlates with nothing"
    assert np.isnan(found[3, 2]), "too few jets have both"


def test_the_change_of_correlations_is_that_of_the_known_pairs():
    clean = np.array([[1.0, 0.5], [0.5, 1.0]])
    assert correlation_change(clean, clean) == (0.0, 0.0)
    assert correlation_change(clean, clean * [[1, -1], [-1, 1]]) == pytest.approx((np.sqrt(2), 1.0))
    assert correlation_change(clean, np.full((2, 2), np.nan)) == (0.0, 0.0)


def test_identical_samples_have_no_distance():
    jets = make_jets(4)
    table = measure(jets, jets, NAMES, 1, 1200)
    areas = table.distance.str.startswith("classifier_auc")
    never = table.distance.str.startswith(("jets_to_see", "needed_by"))
    assert (table[areas][["value", "low", "high"]] == 0.5).all(axis=None)
    assert np.isinf(table[never].value).all()
    assert (table[~areas & ~never].value == 0).all()
    assert (table.floor.dropna() == 0).all()
    assert "missing" not in set(table.distance)


def test_other_jets_of_the_same_kind_cannot_be_told_apart():
    first, second = make_jets(5), make_jets(6)
    pairs = [
        Sample(jets.inputs.numpy(), jets.event.numpy() + n, np.ones(len(jets)))
        for n, jets in enumerate((first, second))
    ]
    area, low, high = classifier_auc(*pairs, seed=3)
    assert low < area < high
    assert abs(area - 0.5) < 4 * (high - low)


def test_a_shift_of_one_input_is_seen_where_it_is():
    jets = make_jets(7)
    table = measure(jets, moved(jets, torch.tensor([0.0, 0.3, 0.0, 0.0])), NAMES, 1, 1200)
    assert value(table, "wasserstein", "b") == pytest.approx(0.3, abs=1e-6)
    for flavour in ("all", "b", "c", "light"):
        assert value(table, "shift", "b", flavour) == pytest.approx(0.3, abs=1e-5)
        assert value(table, "kl", "b", flavour) > value(table, "kl", "a", flavour) == 0
    assert value(table, "correlation") == pytest.approx(0.0, abs=1e-5), "a shift moves no correlation"
    assert value(table, "classifier_auc") > 0.55


def test_a_move_from_a_common_value_is_plain_to_see_and_a_number_of_its_own():
    jets = make_jets(12)
    jets.inputs[::2, 3] = 0.0
    table = measure(jets, moved(jets, 0.001), NAMES, 1, 1200)
    assert value(table, "classifier_auc") > 0.6
    assert value(table, "classifier_auc_continuous") < 0.53


def test_a_shift_that_depends_on_the_flavour_shows_in_its_sign():
    jets = make_jets(8)
    away = torch.where(jets.label == 0, -0.1, 0.1)[:, None] * torch.tensor([0.0, 0.0, 1.0, 0.0])
    table = measure(jets, moved(jets, away), NAMES, 1, 1200)
    assert value(table, "shift", "c", "b") == pytest.approx(-0.1, abs=1e-5)
    assert value(table, "shift", "c", "light") == pytest.approx(0.1, abs=1e-5)


def test_the_same_seed_gives_the_same_classifier():
    jets = make_jets(9)
    changed = moved(jets, 0.1)
    one = np.ones(len(jets))
    pair = [Sample(sample.inputs.numpy(), sample.event.numpy(), one) for sample in (jets, changed)]
    assert classifier_auc(*pair, seed=1) == classifier_auc(*pair, seed=1)
    assert classifier_auc(*pair, seed=1) != classifier_auc(*pair, seed=2)


def test_one_event_is_not_enough_for_a_classifier():
    one = Sample(np.zeros((4, 2)), np.zeros(4, dtype=np.int64), np.ones(4))
    with pytest.raises(InputError, match="too few events to train and test a classifier"):
        classifier_auc(one, one, seed=1)


def test_what_goes_missing_is_a_number_of_its_own():
    jets = make_jets(10)
    gone = jets.missing.clone()
    gone[:120, 0] = True
    (table,) = measure_all(
        [("scenario", "lost", 1.0, jets, dataclasses.replace(jets, missing=gone))], NAMES, 1, 0
    )
    assert value(table, "missing", "a") == pytest.approx(0.1)
    assert value(table, "missing", "b") == 0
    assert set(table.perturbation) == {"lost"}
