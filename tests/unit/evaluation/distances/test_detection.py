"""Jets of data that show a perturbation: toys with a known answer, and none."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy import stats

from robustag.evaluation.distances import Classifiers, Sample, Training
from robustag.evaluation.distances.detection import Watch, needed, needed_by_classifier
from robustag.tensors.loading import JetTensors

NAMES = ("a", "b", "c", "d")


def make_jets(seed, jets=6000, first=0):
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(rng.normal(size=(jets, len(NAMES)))).float()
    ones = torch.ones(jets)
    event = torch.arange(first, first + jets // 2).repeat_interleave(2)
    label = torch.from_numpy(rng.integers(0, 3, jets))
    return JetTensors(inputs, inputs.isnan(), label, ones, ones, ones, event, ones)


def changed(jets, inputs):
    return dataclasses.replace(jets, inputs=inputs)


def rows(clean, other, watch=None):
    found = (watch or Watch(clean)).compare(other, NAMES)
    return {(row["distance"].removeprefix("needed_by_"), row["flavour"]): row for row in found}


def test_without_any_difference_there_are_lower_limits():
    """As many jets as here do not show it; nobody can say more than a few times their number."""
    clean, other = make_jets(1), make_jets(2, first=10_000)
    for row in rows(clean, other).values():
        assert math.isinf(row["value"])
        assert math.isinf(row["high"])
        assert 100 < row["low"] < 10 * len(clean.event)


def test_jets_themselves_are_never_seen():
    clean = make_jets(3)
    assert all(math.isinf(row["low"]) for row in rows(clean, clean).values())


def test_a_shift_of_other_jets_needs_what_it_needs_of_the_same_jets():
    """Chance adds to the difference of other jets, and is taken away."""
    clean, other = make_jets(4, 30_000), make_jets(5, 30_000, first=100_000)
    watch, shift = Watch(clean), torch.tensor([0.0, 0.2, 0.0, 0.0])
    same = rows(clean, changed(clean, clean.inputs + shift), watch)["input", "all"]
    different = rows(clean, changed(other, other.inputs + shift), watch)["input", "all"]
    assert same["input"] == different["input"] == "b"
    assert same["low"] < same["value"] < same["high"]
    assert same["value"] < 3000
    assert different["low"] < same["value"] < different["high"]


def test_what_moves_flavours_apart_hides_in_their_mixture():
    """Permuted values of an input: all jets have the same distribution, those of a flavour do not."""
    clean = make_jets(6, 12_000)
    inputs = clean.inputs.clone()
    order = torch.cat([(clean.label == flavour).nonzero()[:, 0] for flavour in (0, 1, 2)])
    inputs[order, 2] = clean.inputs[:, 2].sort().values
    found = rows(clean, changed(clean, inputs))
    assert math.isinf(found["input", "all"]["value"])
    for flavour in ("b", "light"):
        assert found["input", flavour]["input"] == "c"
        assert found["input", flavour]["value"] < 200


def test_a_change_of_a_correlation_is_seen_in_no_single_input():
    clean = make_jets(7, 12_000)
    inputs = clean.inputs.clone()
    inputs[:, 3] = 0.2 * inputs[:, 0] + math.sqrt(1 - 0.2**2) * inputs[:, 3]
    found = rows(clean, changed(clean, inputs))
    assert math.isinf(found["input", "all"]["value"])
    assert found["correlation", "all"]["input"] == "a and d"
    assert found["correlation", "all"]["value"] < 2500


def test_moves_off_a_value_that_many_jets_share_are_left_aside():
    clean = make_jets(8)
    clean.inputs[:, 1] = clean.inputs[:, 1].clamp(min=0.0)
    moved = clean.inputs.clone()
    moved[:, 1] -= 0.01
    assert math.isinf(rows(clean, changed(clean, moved))["input", "all"]["low"])


def test_limits_hold_in_most_toys():
    """Of a hundred differences with known size, each with the noise of ten, at most a few lie below."""
    rng, size, noise = np.random.default_rng(9), 0.02, 0.01
    true, held = size**-2, []
    for _ in range(300):
        found = rng.normal(np.array([size, *np.zeros(9)]), noise) ** 2
        chance = rng.normal(0.0, noise, (15, 10)) ** 2
        value, low, _ = needed(found.max(), chance.max(axis=1), chance[:, found.argmax()].mean())
        if math.isinf(value):
            held.append(low <= true)
    assert len(held) > 100
    assert np.mean(held) > 0.93


def test_chance_alone_is_seldom_seen():
    rng, seen = np.random.default_rng(10), 0
    for _ in range(2000):
        found = rng.normal(size=(16, 50)).max(axis=1) ** 2
        seen += math.isfinite(needed(found[0], found[1:], 1.0)[0])
    assert seen <= 10


def sample(seed, shift, first=0, jets=3000):
    inputs = np.random.default_rng(seed).normal(size=(jets, 3)).astype(np.float32)
    inputs[:, 0] += shift
    return Sample(inputs, np.arange(first, first + jets), np.ones(jets))


def of_classifiers(clean, other):
    trainings = [Training(np.ones(3, dtype=bool), tested, seed) for seed, tested in enumerate((1, 0, 1, 0))]
    classifiers = Classifiers(clean, other, trainings)
    return needed_by_classifier([classifiers.auc(number, 1) for number in range(4)], 1500)


@pytest.mark.parametrize("shift", [1.0, 0.5])
def test_a_classifier_needs_its_training_and_what_its_auc_needs(shift):
    """AUC = Phi(d / sqrt 2) of a Gaussian shift d, which it hardly misses."""
    clean, other = sample(1, 0.0), sample(2, shift, first=5000)
    found = of_classifiers(clean, other)
    assert found["low"] < found["value"] < found["high"]
    assert found["value"] - 1500 == pytest.approx(
        1.5 / (stats.norm.cdf(shift / math.sqrt(2)) - 0.5) ** 2, rel=0.25
    )


def test_a_classifier_of_one_distribution_gives_a_lower_limit():
    clean, other = sample(3, 0.0), sample(4, 0.0, first=5000)
    found = of_classifiers(clean, other)
    assert math.isinf(found["value"])
    assert math.isinf(found["high"])
    assert 1500 < found["low"] < 1e5
