"""Weighted moments against numpy, and their errors against toys."""

import numpy as np
import pytest

from robustag.validation.moments import moments, power_sums


@pytest.fixture
def sample():
    rng = np.random.default_rng(3)
    values = rng.normal(0.7, 1.3, (4000, 3))
    return values, rng.exponential(1.0, 4000), rng.random((4000, 3)) < 0.8


def test_mean_and_sigma_are_those_of_numpy(sample):
    values, weight, exists = sample
    found = moments(power_sums(values, weight, exists))
    for column in range(3):
        u, w = values[exists[:, column], column], weight[exists[:, column]]
        mean = np.average(u, weights=w)
        variance = np.average((u - mean) ** 2, weights=w)
        assert found.mean[column] == pytest.approx(mean, rel=1e-12)
        assert found.sigma[column] == pytest.approx(np.sqrt(variance), rel=1e-12)
        assert found.mean_error[column] == pytest.approx(
            np.sqrt((w**2 * (u - mean) ** 2).sum()) / w.sum(), rel=1e-10
        )
        of_variance = np.sqrt((w**2 * ((u - mean) ** 2 - variance) ** 2).sum()) / w.sum()
        assert found.sigma_error[column] == pytest.approx(of_variance / (2 * np.sqrt(variance)), rel=1e-10)


def test_the_sums_of_two_chunks_add_up(sample):
    values, weight, exists = sample
    parts = [
        power_sums(values[rows], weight[rows], exists[rows]) for rows in (slice(0, 900), slice(900, None))
    ]
    np.testing.assert_allclose(parts[0] + parts[1], power_sums(values, weight, exists), rtol=1e-12)


def test_missing_entries_may_hold_anything(sample):
    values, weight, exists = sample
    spoiled = np.where(exists, values, np.nan)
    np.testing.assert_array_equal(power_sums(spoiled, weight, exists), power_sums(values, weight, exists))


def test_errors_of_unit_weights_are_the_textbook_ones():
    values = np.random.default_rng(4).normal(0.0, 2.0, (200_000, 1))
    found = moments(power_sums(values, np.ones(len(values)), np.ones_like(values, bool)))
    assert found.mean_error[0] == pytest.approx(2.0 / np.sqrt(len(values)), rel=0.01)
    assert found.sigma_error[0] == pytest.approx(2.0 / np.sqrt(2 * len(values)), rel=0.02)


def test_errors_describe_the_scatter_of_weighted_toys():
    rng = np.random.default_rng(5)
    toys = []
    for _ in range(300):
        weight = rng.choice([0.2, 1.0, 4.0], 400)
        values = rng.normal(1.0, 1.0, (400, 1))
        found = moments(power_sums(values, weight, np.ones_like(values, bool)))
        toys.append((found.mean[0], found.mean_error[0], found.sigma[0], found.sigma_error[0]))
    mean, mean_error, sigma, sigma_error = np.array(toys).T
    assert mean.std() == pytest.approx(mean_error.mean(), rel=0.12)
    assert sigma.std() == pytest.approx(sigma_error.mean(), rel=0.12)


def test_nothing_gives_nan():
    found = moments(power_sums(np.ones((3, 1)), np.ones(3), np.zeros((3, 1), bool)))
    assert np.isnan([found.mean[0], found.mean_error[0], found.sigma[0], found.sigma_error[0]]).all()
