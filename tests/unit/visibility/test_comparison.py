"""Comparisons of all inputs and pairs at once, against toys whose answer is known."""

import numpy as np
import pytest
import torch
from scipy import special, stats

from robustag.visibility.comparison import Comparison, seen_by_input, seen_by_pair

JETS, INPUTS = 100_000, 3
THREE_SIGMA = 2 * stats.norm.sf(3.0)


def normal(seed, r=0.0):
    x = torch.from_numpy(np.random.default_rng(seed).normal(size=(JETS, INPUTS))).float()
    x[:, 1] = r * x[:, 0] + np.sqrt(1 - r**2) * x[:, 1]
    return x


def nowhere(x):
    return torch.zeros_like(x, dtype=torch.bool)


def needed_by_input(clean, changed, missing=None, after=None):
    missing = nowhere(clean) if missing is None else missing
    comparison = Comparison(clean, missing)
    sums = comparison.sums(clean, missing), comparison.sums(changed, missing if after is None else after)
    return 1.0 / seen_by_input(*sums, INPUTS)[0]


@pytest.mark.parametrize("shift", [0.02, 0.1])
def test_a_gaussian_shift_needs_the_jets_of_the_kolmogorov_test(shift):
    """n = 2 (k / D)^2 with D = 2 Phi(d / 2) - 1, in proportion to 1 / d^2: two tests of each input."""
    clean = normal(1)
    moved = clean.clone()
    moved[:, 2] += shift
    found = needed_by_input(clean, moved)
    expected = 2 * (special.kolmogi(THREE_SIGMA / (2 * INPUTS)) / (2 * stats.norm.cdf(shift / 2) - 1)) ** 2
    assert found[2] == pytest.approx(expected, rel=0.1)
    assert torch.isinf(found[:2]).all()


def test_a_change_inside_the_bulk_is_seen_by_chi2():
    """Every second bin gains what its neighbour loses: no cumulative distribution moves by much."""
    clean = normal(2)
    order = clean[:, 0].argsort()
    level = torch.empty_like(order)
    level[order] = torch.arange(JETS) * 50 // JETS
    moved = clean.clone()
    rows = ((level % 2 == 0) & (torch.arange(JETS) % 5 == 0)).nonzero()[:, 0]
    ordered = clean[order, 0]
    moved[rows, 0] = ordered[(level[rows] + 1) * (JETS // 50) + JETS // 100]
    p, q = np.full(50, 0.02), 0.02 * (1 + 0.2 * np.tile([-1, 1], 25))
    middle = (p + q) / 2
    divergence = (stats.entropy(p, middle) + stats.entropy(q, middle)) / 2
    excess = stats.chi2.isf(THREE_SIGMA / (2 * INPUTS), 49) - 49
    assert needed_by_input(clean, moved)[0] == pytest.approx(excess / (4 * divergence), rel=0.1)


def test_jets_that_lose_an_input_are_seen():
    clean, after = normal(3), nowhere(normal(3))
    after[::20, 1] = True
    found = needed_by_input(clean, clean, after=after)
    assert torch.isinf(found[[0, 2]]).all()
    assert found[1] < 5000


@pytest.mark.parametrize("r", [0.0, 0.6])
def test_the_variance_of_a_normal_correlation_is_the_known_one(r):
    clean = normal(4, r)
    comparison = Comparison(clean, nowhere(clean))
    # Tails are cut at the central 99 %, which takes a few per cent away.
    assert comparison.variances(clean, nowhere(clean))[0, 1] == pytest.approx((1 - r**2) ** 2, rel=0.08)


def test_a_changed_correlation_needs_the_jets_of_its_error():
    clean, changed = normal(5, 0.3), normal(5, 0.4)
    comparison = Comparison(clean, nowhere(clean))
    sums = [comparison.sums(x, nowhere(x)) for x in (clean, changed)]
    variance = comparison.variances(clean, nowhere(clean))
    seen = seen_by_pair(*sums, variance, 3)[0]
    expected = 2 * stats.norm.isf(THREE_SIGMA / 6) ** 2 * (1 - 0.3**2) ** 2 / 0.1**2
    assert 1 / seen[0, 1] == pytest.approx(expected, rel=0.15)
    assert seen[0, 0] == seen[0, 2] == 0


def test_an_input_that_comes_twice_and_one_that_few_jets_have_are_no_pair():
    clean = normal(6)
    clean[:, 2] = 2 * clean[:, 0]
    missing = nowhere(clean)
    missing[100:, 1] = True
    variance = Comparison(clean, missing).variances(clean, missing)
    assert torch.isinf(variance).all()


def test_sums_of_parts_are_those_of_the_whole():
    clean = normal(7)
    comparison, cell = Comparison(clean, nowhere(clean)), torch.arange(JETS) % 4
    parts = comparison.sums(clean, nowhere(clean), cell, 4)
    together = parts.combined(torch.ones(1, 4))
    whole = comparison.sums(clean, nowhere(clean))
    assert torch.equal(together.histogram, whole.histogram)
    torch.testing.assert_close(together.second, whole.second, rtol=1e-4, atol=1.0)


def test_weights_count_as_copies():
    clean, moved = normal(8)[:2000], normal(8)[:2000] + 0.3
    comparison, twice = Comparison(clean, nowhere(clean)), torch.arange(2000) % 2 + 1
    weighted = comparison.sums(moved, nowhere(moved), weight=twice.float())
    copied = moved.repeat_interleave(twice, dim=0)
    copies = comparison.sums(copied, nowhere(copied))
    torch.testing.assert_close(weighted.histogram, copies.histogram)
    torch.testing.assert_close(weighted.second, copies.second, rtol=1e-4, atol=1e-1)
