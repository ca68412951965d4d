"""Reliability, calibration error, confusion and means, against scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from robustag.evaluation.bootstrap import event_weights
from robustag.evaluation.calibration import (
    BINS,
    confusion_table,
    measure_probabilities,
    reliability,
)
from robustag.evaluation.discriminators import probabilities

FLAVOURS = ("b", "c", "light")


@pytest.fixture
def jets(make_jets):
    logits, label, event = make_jets(5000)
    return 1.5 * logits, label, event


@pytest.fixture
def weight():
    return np.random.default_rng(2).exponential(size=5000)


def rows(jets, weights, losses=None, training_weight=None):
    logits, label, _ = jets
    training_weight = np.ones(len(label)) if training_weight is None else training_weight
    counted = np.column_stack([np.ones_like(weights[:, 0]), weights])
    found = measure_probabilities(logits, label, counted, training_weight, losses or {})
    return {(row["discriminator"], row["metric"]): row for row in found}


def test_reliability_is_that_of_scikit_learn(jets):
    logits, label, _ = jets
    table = reliability(logits, label)
    for flavour, name in enumerate(FLAVOURS):
        mine = table[(table["flavour"] == name) & (table["total"] > 0)]
        observed, predicted = calibration_curve(
            label == flavour, probabilities(logits)[:, flavour], n_bins=BINS
        )
        np.testing.assert_allclose(mine["observed"], observed, rtol=1e-12)
        np.testing.assert_allclose(mine["predicted"], predicted, rtol=1e-12)
        assert mine["predicted"].between(mine["low"], mine["high"]).all()
    assert table.groupby("flavour")["total"].sum().eq(5000).all()


def test_the_predicted_class_has_rows_of_its_own(jets):
    logits, label, _ = jets
    table = reliability(logits, label)
    best = table[table["flavour"] == "all"]
    assert (best["observed"] * best["total"]).sum() / 5000 == pytest.approx(
        accuracy_score(label, logits.argmax(axis=1))
    )
    assert (best[best["high"] <= 0.3]["total"] == 0).all()  # the largest of three is at least 1/3
    assert best["predicted"].isna().sum() == (best["total"] == 0).sum()


def test_integer_weights_are_copies_of_jets(jets):
    logits, label, event = jets
    copies = event_weights(event, 1, 4)[:, 0]
    many = np.repeat(logits, copies, axis=0), np.repeat(label, copies)
    for table in (reliability, confusion_table):
        weighted, copied = table(logits, label, copies), table(*many)
        for column in weighted.columns.drop("effective", errors="ignore")[2:]:
            np.testing.assert_allclose(weighted[column], copied[column], rtol=1e-12)


def test_as_many_effective_jets_of_weight_one_have_the_same_error(jets):
    """The share of b jets in one bin, under 2,000 Poisson resamplings of its jets."""
    logits, label, _ = jets
    rng = np.random.default_rng(6)
    weight = rng.choice([0.3, 3.0], 5000)
    row = reliability(logits, label, weight).iloc[5]  # of b, from 0.25 to 0.3
    inside = (probabilities(logits)[:, 0] >= 0.25) & (probabilities(logits)[:, 0] < 0.3)
    toys = rng.poisson(1, (2000, inside.sum())) * weight[inside]
    shares = toys @ (label[inside] == 0) / toys.sum(axis=1)
    assert row["effective"] < 0.7 * inside.sum()
    binomial = np.sqrt(row["observed"] * (1 - row["observed"]) / row["effective"])
    assert shares.std() == pytest.approx(binomial, rel=0.1)
    assert (reliability(logits, label).eval("effective == total or total == 0")).all()


def test_confusion_is_that_of_scikit_learn(jets, weight):
    logits, label, _ = jets
    for weights in (None, weight):
        table = confusion_table(logits, label, weights)
        matrix = table.pivot(index="true", columns="predicted", values="count")
        expected = confusion_matrix(label, logits.argmax(axis=1), sample_weight=weights)
        np.testing.assert_allclose(matrix.loc[[*FLAVOURS], [*FLAVOURS]], expected, rtol=1e-12)


def test_means_are_those_of_scikit_learn_with_sample_weight(jets):
    logits, label, event = jets
    weights = event_weights(event, 7, 1)
    own = np.random.default_rng(0).exponential(size=5000)
    found = rows(jets, weights, {"loss": own})
    for replicate, sample_weight in ((None, None), *enumerate(weights.T)):
        value = {
            name: found["all", name]["value" if replicate is None else "replicates"]
            for name in ("accuracy", "cross_entropy", "loss")
        }
        if replicate is not None:
            value = {name: column[replicate] for name, column in value.items()}
        assert value["accuracy"] == pytest.approx(
            accuracy_score(label, logits.argmax(axis=1), sample_weight=sample_weight), rel=1e-6
        )
        assert value["cross_entropy"] == pytest.approx(
            log_loss(label, probabilities(logits), sample_weight=sample_weight), rel=1e-6
        )
        assert value["loss"] == pytest.approx(np.average(own, weights=sample_weight), rel=1e-6)
    assert found["all", "loss"]["n"] == 5000


def literal_ece(predicted, right, weight):
    """Sum over bins, one at a time."""
    position = np.minimum(np.floor(predicted * BINS), BINS - 1)
    total = 0.0
    for k in np.unique(position[weight > 0]):
        inside = position == k
        gap = np.average(predicted[inside], weights=weight[inside]) - np.average(
            right[inside], weights=weight[inside]
        )
        total += abs(gap) * weight[inside].sum() / weight.sum()
    return total


@pytest.mark.parametrize("weighted", [False, True])
def test_calibration_error_is_the_literal_sum(jets, weight, weighted):
    logits, label, event = jets
    training_weight = weight if weighted else np.ones(5000)
    weights = event_weights(event, 5, 1)
    found = rows(jets, weights, training_weight=training_weight)
    p = probabilities(logits)
    cases = {name: (p[:, k], label == k) for k, name in enumerate(FLAVOURS)}
    cases["all"] = (p.max(axis=1), logits.argmax(axis=1) == label)
    table = reliability(logits, label, training_weight)
    for name, (predicted, right) in cases.items():
        row, bins = found[name, "ece"], table[(table["flavour"] == name) & (table["total"] > 0)]
        assert row["value"] == pytest.approx(literal_ece(predicted, right, training_weight), rel=1e-12)
        share = bins["total"] / training_weight.sum()
        assert row["value"] == pytest.approx((share * (bins["predicted"] - bins["observed"]).abs()).sum())
        expected = [literal_ece(predicted, right, training_weight * w) for w in weights.T]
        np.testing.assert_allclose(row["replicates"], expected, rtol=1e-4)


def test_weights_of_the_training_undo_another_mixture_of_flavours():
    """Probabilities for equal flavours, on a sample with ten times fewer c jets."""
    rng = np.random.default_rng(5)
    logits = rng.normal(scale=1.5, size=(60_000, 3))
    label = (rng.random((60_000, 1)) > probabilities(logits).cumsum(axis=1)).sum(axis=1)
    kept = (label != 1) | (rng.random(60_000) < 0.1)
    sample = logits[kept], label[kept], None
    weights = np.ones((kept.sum(), 2))
    training_weight = np.where(label[kept] == 1, 10.0, 1.0)
    assert rows(sample, weights)["c", "ece"]["value"] > 0.1
    assert rows(sample, weights, training_weight=training_weight)["c", "ece"]["value"] < 0.02


def test_calibrated_probabilities_have_the_error_of_noise_alone_and_sharp_ones_a_large_one():
    """Labels drawn from the model's own probabilities; noise adds at most 0.4 sqrt(bins / jets)."""
    rng = np.random.default_rng(3)
    logits = rng.normal(scale=2, size=(40_000, 3))
    label = (rng.random((40_000, 1)) > probabilities(logits).cumsum(axis=1)).sum(axis=1)
    weights = np.ones((40_000, 2))
    honest = rows((logits, label, None), weights)
    boastful = rows((3 * logits, label, None), weights)
    for name in (*FLAVOURS, "all"):
        assert 0 < honest[name, "ece"]["value"] < 0.4 * np.sqrt(BINS / 40_000)
        assert boastful[name, "ece"]["value"] > 10 * honest[name, "ece"]["value"]


def test_a_confident_mistake_costs_its_logits_without_overflow():
    logits = np.array([[900.0, 0.0, -900.0]], dtype=np.float32)
    found = rows((logits, np.array([2]), None), np.array([[1, 0]], dtype=np.uint8))
    assert found["all", "cross_entropy"]["value"] == 1800
    assert found["all", "accuracy"]["value"] == 0
    assert np.isnan(found["all", "accuracy"]["replicates"]).tolist() == [False, True]
