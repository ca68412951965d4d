"""The interval of replicates, and the bias that it takes off."""

import numpy as np
import pytest

from robustag.intervals import corrected, interval


def test_the_interval_of_normal_replicates_is_one_standard_deviation():
    low, high = interval(np.random.default_rng(1).normal(3.0, 0.5, 100_000))
    assert low == pytest.approx(2.5, abs=0.01)
    assert high == pytest.approx(3.5, abs=0.01)


def test_a_number_without_bias_keeps_its_value_and_interval():
    replicates = np.random.default_rng(2).normal(3.0, 0.5, 100_000)
    np.testing.assert_allclose(corrected(np.array(3.0), replicates), (3.0, 2.5, 3.5), atol=0.01)


def test_the_square_of_a_mean_loses_the_variance_that_noise_adds():
    """The mean of n numbers squared is too large by variance / n, which its replicates are once more."""
    generator = np.random.default_rng(3)
    n, truth = 50, 0.3
    plain, better, covered = [], [], []
    for numbers in generator.normal(truth, 1.0, (1000, n)):
        means = numbers[generator.integers(0, n, (200, n))].mean(axis=1)
        value = numbers.mean() ** 2
        ends = corrected(value, means**2)
        plain.append(value)
        better.append(ends[0])
        covered.append(ends[1] <= truth**2 <= ends[2])
    assert np.mean(plain) == pytest.approx(truth**2 + 1 / n, abs=0.01)
    assert np.mean(better) == pytest.approx(truth**2, abs=0.01)
    assert 0.6 < np.mean(covered) < 0.76


def test_columns_have_their_own_intervals_and_what_is_missing_is_left_out():
    replicates = np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, 5.0]])
    value, low, high = corrected(np.array([2.0, 4.0]), replicates, axis=0)
    np.testing.assert_allclose(value, [2.0, 3.0])
    assert (low <= value).all()
    assert (value <= high).all()
