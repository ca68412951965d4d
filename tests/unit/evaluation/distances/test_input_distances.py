"""Distances against closed forms, scipy and what must hold whatever the jets."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy import stats

from robustag.errors import InputError
from robustag.evaluation.distances import (
    binned,
    classifier_auc,
    correlation,
    correlation_change,
    jensen_shannon,
    kullback_leibler,
    measure,
    measure_all,
    wasserstein,
)
from robustag.tensors.loading import JetTensors

NAMES = ("a", "b", "c", "d")


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
    )


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


def test_every_existing_entry_is_in_one_bin_of_its_flavour():
    values = np.array([[0.0, -50.0], [0.999, 0.5], [0.5, 70.0], [0.02, 0.5]])
    exists = np.array([[True, True], [True, False], [True, True], [True, True]])
    counts = binned(values, exists, np.array([0, 0, 2, 1]), np.zeros(2), np.ones(2))
    assert counts.shape == (3, 2, 50)
    assert counts.sum(axis=(0, 2)).tolist() == [4, 3]
    assert np.argwhere(counts[0]).tolist() == [[0, 0], [0, 49], [1, 0]], (
        "what is beyond the ends counts there"
    )
    assert counts[2, 1, 49] == counts[1, 0, 1] == 1


def test_wasserstein_is_the_shift_whatever_is_missing():
    rng = np.random.default_rng(2)
    values, exists = rng.normal(size=(300, 2)), rng.random((300, 2)) < 0.7
    changed = np.where(exists, values + np.array([0.25, 0.0]), 99.0)
    np.testing.assert_allclose(wasserstein(values, exists, changed, exists), [0.25, 0.0], atol=1e-12)
    assert np.isnan(wasserstein(values, exists, changed, exists & False)).all()


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
    table = measure(jets, jets, NAMES, 1)
    areas = table.distance.str.startswith("classifier_auc")
    assert (table[areas][["value", "low", "high"]] == 0.5).all(axis=None)
    assert (table[~areas].value == 0).all()
    assert "missing" not in set(table.distance)


def test_other_jets_of_the_same_kind_cannot_be_told_apart():
    first, second = make_jets(5), make_jets(6)
    pairs = [(sample.inputs.numpy(), sample.event.numpy() + n) for n, sample in enumerate((first, second))]
    area, low, high = classifier_auc(*pairs, seed=3)
    assert low < area < high
    assert abs(area - 0.5) < 4 * (high - low)


def test_a_shift_of_one_input_is_seen_where_it_is():
    jets = make_jets(7)
    table = measure(jets, moved(jets, torch.tensor([0.0, 0.3, 0.0, 0.0])), NAMES, 1)
    assert value(table, "wasserstein", "b") == pytest.approx(0.3, abs=1e-6)
    for flavour in ("all", "b", "c", "light"):
        assert value(table, "shift", "b", flavour) == pytest.approx(0.3, abs=1e-5)
        assert value(table, "kl", "b", flavour) > value(table, "kl", "a", flavour) == 0
    assert value(table, "correlation") == pytest.approx(0.0, abs=1e-5), "a shift moves no correlation"
    assert value(table, "classifier_auc") > 0.55


def test_a_move_from_a_common_value_is_plain_to_see_and_a_number_of_its_own():
    jets = make_jets(12)
    jets.inputs[::2, 3] = 0.0
    table = measure(jets, moved(jets, 0.001), NAMES, 1)
    assert value(table, "classifier_auc") > 0.6
    assert value(table, "classifier_auc_continuous") < 0.53


def test_a_shift_that_depends_on_the_flavour_shows_in_its_sign():
    jets = make_jets(8)
    away = torch.where(jets.label == 0, -0.1, 0.1)[:, None] * torch.tensor([0.0, 0.0, 1.0, 0.0])
    table = measure(jets, moved(jets, away), NAMES, 1)
    assert value(table, "shift", "c", "b") == pytest.approx(-0.1, abs=1e-5)
    assert value(table, "shift", "c", "light") == pytest.approx(0.1, abs=1e-5)


def test_the_same_seed_gives_the_same_classifier():
    jets = make_jets(9)
    changed = moved(jets, 0.1)
    pair = [(sample.inputs.numpy(), sample.event.numpy()) for sample in (jets, changed)]
    assert classifier_auc(*pair, seed=1) == classifier_auc(*pair, seed=1)
    assert classifier_auc(*pair, seed=1) != classifier_auc(*pair, seed=2)


def test_one_event_is_not_enough_for_a_classifier():
    one = np.zeros((4, 2)), np.zeros(4, dtype=np.int64)
    with pytest.raises(InputError, match="too few events to train and test a classifier"):
        classifier_auc(one, one, seed=1)


def test_what_goes_missing_is_a_number_of_its_own():
    jets = make_jets(10)
    gone = jets.missing.clone()
    gone[:120, 0] = True
    table = measure_all(jets, [("scenario", "lost", 1.0, dataclasses.replace(jets, missing=gone))], NAMES, 1)
    assert value(table, "missing", "a") == pytest.approx(0.1)
    assert value(table, "missing", "b") == 0
    assert set(table.perturbation) == {"lost"}
