"""Fits and intervals against closed forms and toys."""

import numpy as np
import pytest
from scipy.stats import norm

from robustag.intervals import ONE_SIGMA
from robustag.validation.fits import (
    central_width,
    fit_exponential,
    fit_gaussian,
    mixture_width,
)

OPEN = np.concatenate([[-np.inf], np.linspace(-6, 6, 241), [np.inf]])


def histogram(values, edges):
    counts = np.histogram(values, edges)[0]
    return edges[:-1], edges[1:], counts


def test_a_gaussian_pull_has_width_one():
    toys = np.random.default_rng(1).normal(0.02, 1.0, 100_000)
    (mean, mean_error), (width, width_error) = fit_gaussian(*histogram(toys, np.linspace(-2, 2, 41)))
    assert abs(mean - 0.02) < 3 * mean_error
    assert abs(width - 1.0) < 3 * width_error
    assert 0.002 < width_error < 0.008


def test_the_core_fit_ignores_tails():
    rng = np.random.default_rng(2)
    toys = np.concatenate([rng.normal(0, 1.0, 98_000), rng.uniform(-30, 30, 2_000)])
    _, (width, _) = fit_gaussian(*histogram(toys, np.linspace(-2, 2, 41)))
    assert width == pytest.approx(1.0, abs=0.015)
    assert toys.std() > 1.5


def test_errors_of_the_gaussian_fit_describe_the_scatter():
    rng = np.random.default_rng(3)
    fits = np.array(
        [fit_gaussian(*histogram(rng.normal(0, 1, 2000), np.linspace(-2, 2, 41))) for _ in range(60)]
    )
    assert fits[:, 1, 0].std() == pytest.approx(fits[:, 1, 1].mean(), rel=0.3)
    assert fits[:, 0, 0].std() == pytest.approx(fits[:, 0, 1].mean(), rel=0.3)


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_an_exponential_keeps_its_slope_in_any_window(start):
    toys = np.random.default_rng(4).exponential(0.47, 400_000)
    length, error = fit_exponential(*histogram(toys, np.arange(start, 4.0001, 0.05)))
    assert abs(length - 0.47) < 3 * error
    assert error < 0.01


def test_too_few_entries_make_no_fit():
    low, high, counts = histogram(np.array([0.1, 0.2]), np.linspace(0, 1, 11))
    assert np.isnan(fit_exponential(low, high, counts)).all()
    assert np.isnan(fit_gaussian(low, high, counts)).all()
    assert np.isnan(central_width(low, high, counts)).all()
    assert np.isnan(mixture_width(low + 0.05, counts))


def test_the_central_width_of_a_gaussian_is_its_sigma():
    toys = np.random.default_rng(5).normal(0.3, 0.7, 50_000)
    width, error = central_width(*histogram(toys, OPEN))
    assert abs(width - 0.7) < 3 * error
    scatter = [
        central_width(*histogram(np.random.default_rng(seed).normal(0, 1, 1000), OPEN))[0]
        for seed in range(200)
    ]
    assert np.std(scatter) == pytest.approx(
        central_width(*histogram(np.random.default_rng(9).normal(0, 1, 1000), OPEN))[1], rel=0.2
    )


def test_a_width_that_leaves_the_histogram_is_not_known():
    toys = np.random.default_rng(6).normal(0, 20.0, 10_000)
    assert np.isnan(central_width(*histogram(toys, OPEN))[0])


def test_the_width_of_a_mixture_holds_one_sigma_of_it():
    sigmas, counts = np.array([0.5, 1.0, 3.0]), np.array([100, 300, 50])
    width = mixture_width(sigmas, counts)
    inside = sum(counts * (norm.cdf(width / sigmas) - norm.cdf(-width / sigmas))) / counts.sum()
    assert inside == pytest.approx(ONE_SIGMA, abs=1e-9)
    assert mixture_width(np.array([2.0]), np.array([60])) == pytest.approx(2.0)
