"""Exact intervals and paired changes of rates, against scipy and against a bootstrap."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from robustag.binomial import efficiency, paired_difference
from robustag.intervals import ONE_SIGMA


@pytest.mark.parametrize(("passed", "total"), [(0, 5), (1, 1), (3, 7), (120, 1000), (1000, 1000)])
def test_intervals_are_those_of_clopper_and_pearson(passed, total):
    value, low, high = efficiency(np.array([passed]), np.array([total]))
    exact = binomtest(passed, total).proportion_ci(ONE_SIGMA, method="exact")
    assert value[0] == passed / total
    assert (low[0], high[0]) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_more_cannot_pass_than_there_are():
    with pytest.raises(ValueError, match="more pass"):
        efficiency(np.array([3]), np.array([2]))


def test_no_jets_leave_everything_open():
    value, low, high = efficiency(np.array([0]), np.array([0]))
    assert np.isnan(value[0])
    assert (low[0], high[0]) == (0.0, 1.0)


def test_the_interval_covers_at_least_what_it_promises():
    total = 30
    passed = np.arange(total + 1)
    _, low, high = efficiency(passed, np.full_like(passed, total))
    for rate in np.linspace(0.01, 0.99, 50):
        covered = binom.pmf(passed, total, rate)[(low <= rate) & (rate <= high)].sum()
        assert covered >= ONE_SIGMA


def resampled(counts, draws):
    """Toys of (neither, gained, lost, both)."""
    total = sum(counts)
    return np.random.default_rng(3).multinomial(total, np.array(counts) / total, draws).T


@pytest.mark.parametrize("counts", [(700, 60, 20, 220), (900, 5, 45, 50), (100, 80, 90, 30)])
def test_paired_errors_are_those_of_a_bootstrap(counts):
    """20,000 resamplings of the jets know a spread to 0.5 %."""
    _, gained, lost, _ = counts
    total = sum(counts)
    _, toy_gained, toy_lost, _ = resampled(counts, 20_000)
    difference, error = paired_difference(gained, lost, total)
    assert difference == (gained - lost) / total
    assert error == pytest.approx(((toy_gained - toy_lost) / total).std(), rel=0.02)


def test_pairing_beats_two_independent_rates():
    gained, lost, both, total = 10, 5, 485, 1000
    _, error = paired_difference(gained, lost, total)
    rates = np.array([both + gained, both + lost]) / total
    assert error < 0.2 * np.sqrt((rates * (1 - rates) / total).sum())


def test_what_does_not_exist_is_nan():
    difference, error = paired_difference([0, 0], [0, 0], [0, 4])
    assert np.isnan([difference[0], error[0]]).all()
    assert (difference[1], error[1]) == (0, 0)
