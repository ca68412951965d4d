"""Jets that tests need, against the statistics of samples of so many jets."""

import numpy as np
import pytest
from scipy import stats

from robustag.visibility import (
    jets_to_classify,
    jets_to_see,
    jets_to_see_correlation,
    jets_to_see_divergence,
)

THREE_SIGMA = 2 * stats.norm.sf(3.0)


def test_chi2_of_so_many_jets_is_three_sigma_on_average():
    rng = np.random.default_rng(1)
    p = np.full(20, 0.05)
    q = p * (1 + 0.1 * np.repeat([1, -1], 10))
    middle = (p + q) / 2
    divergence = (stats.entropy(p, middle) + stats.entropy(q, middle)) / 2
    number = int(jets_to_see_divergence(divergence, 20, tests=7))
    data, simulation = (rng.multinomial(number, shares, size=2000) for shares in (q, p))
    chi2 = ((data - simulation) ** 2 / (data + simulation)).sum(axis=1)
    assert chi2.mean() == pytest.approx(stats.chi2.isf(THREE_SIGMA / 7, 19), rel=0.02)


def test_correlations_of_so_many_jets_differ_by_three_of_their_errors():
    rng, r, change = np.random.default_rng(2), 0.3, 0.1
    number = int(jets_to_see_correlation(change, (1 - r**2) ** 2))
    found = []
    for _ in range(1000):
        x, y = rng.normal(size=(2, number))
        found.append(np.corrcoef(x, r * x + np.sqrt(1 - r**2) * y)[0, 1])
    assert change / (np.sqrt(2) * np.std(found)) == pytest.approx(3.0, rel=0.08)


def test_the_auc_of_so_many_jets_is_three_of_its_errors_from_one_half():
    rng, auc = np.random.default_rng(3), 0.55
    number = int(jets_to_classify(auc))
    scores = rng.random((500, 2, number))
    chance = [stats.mannwhitneyu(a, b).statistic / number**2 for a, b in scores]
    assert (auc - 0.5) / np.std(chance) == pytest.approx(3.0, rel=0.1)


def test_nothing_is_seen_by_no_number_of_jets():
    assert np.isinf(jets_to_see_divergence(0.0, 50))
    assert np.isinf(jets_to_see_correlation(0.0, 1.0))
    assert np.isinf(jets_to_classify([0.5, 0.4])).all()


@pytest.mark.parametrize(
    "jets",
    [
        lambda tests: jets_to_see(0.1, tests=tests),
        lambda tests: jets_to_see_divergence(0.01, 50, tests=tests),
        lambda tests: jets_to_see_correlation(0.1, 1.0, tests=tests),
    ],
)
def test_looking_at_more_costs_more(jets):
    assert jets(1) < jets(10) < jets(1000)
