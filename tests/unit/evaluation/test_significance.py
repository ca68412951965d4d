"""The one rule of significance: known cases, and studies in which nothing has an effect."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, t, ttest_1samp

from robustag.evaluation.differences import Measurement
from robustag.evaluation.significance import holm, level, normal_deviations, p_value

LEVEL = level(2.0)


@given(distance=st.floats(0.01, 30), statistical=st.floats(0.01, 1), seed=st.floats(0.01, 1))
def test_at_its_own_level_an_effect_is_just_significant(distance, statistical, seed):
    p = p_value(distance, statistical, 99, seed, 3)
    needed = np.hypot(statistical * t.isf(p / 2, 99), seed * t.isf(p / 2, 2))
    assert needed == pytest.approx(distance, rel=1e-6)


def test_without_statistics_it_is_the_t_test_over_trainings():
    values = np.array([0.3, 0.5, 0.1, 0.45])
    error = values.std(ddof=1) / 2.0
    ours = p_value(values.mean(), 0.0, inf, error, len(values))
    assert ours == pytest.approx(ttest_1samp(values, 0.0).pvalue)


@given(distance=st.floats(0.01, 10), statistical=st.floats(0.01, 1), seed=st.floats(0.01, 1))
def test_few_trainings_make_an_effect_less_certain(distance, statistical, seed):
    p = [p_value(distance, statistical, 99, seed, trainings) for trainings in (2, 3, 5, 100)]
    assert p == sorted(p, reverse=True)
    assert p_value(-distance, statistical, 99, seed, 3) == p[1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_correction_keeps_the_order_and_lies_between_raw_and_bonferroni(raw):
    corrected = holm(raw)
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(len(raw) * np.array(raw), 1.0)).all()
    assert (np.diff(corrected[np.argsort(raw, kind="stable")]) >= 0).all()


def test_a_test_that_could_not_be_made_does_not_count():
    np.testing.assert_array_equal(holm([0.02, nan, 0.5]), [0.04, nan, 0.5])


@given(st.floats(0.1, 30))
def test_levels_are_deviations(deviations):
    assert normal_deviations(level(deviations)) == pytest.approx(deviations)


def null_gains(rng: np.random.Generator, *, effects, seeds: int, training: float, sizes: bool) -> list[float]:
    """P-values of the gains of one study whose two models were trained by one recipe.

    Each scenario changes a number of both models alike; statistics that both share, and own ones of each
    training. The bootstrap's replicates scatter around the sample as the sample does around the truth.
    """
    p_values = []
    for effect in effects:
        shared = 0.01 * rng.standard_normal(101)
        changes = []
        for _ in range(2):
            noise = shared + 0.005 * rng.standard_normal((seeds, 101))
            noise[:, 0] += effect + training * rng.standard_normal(seeds)
            change = Measurement(tuple(range(seeds)), noise[:, 0], noise[:, :1] + noise[:, 1:])
            changes.append(change.magnitude if sizes else change)
        p_values.append((changes[0] - changes[1]).p_value)
    return p_values


@pytest.mark.parametrize("sizes", [False, True])
@pytest.mark.parametrize(
    ("effects", "seeds", "training"),
    [
        # Nothing happens at all, where the size of a change is biased.
        ((0.0,) * 9, 3, 0.01),
        # Changes of both signs, small and large beside their errors.
        ((-0.3, 0.02, 0.1, -0.01, 0.005), 3, 0.01),
        ((-0.02, 0.01, 0.005), 5, 0.003),
        ((0.0, -0.05, 0.01), 3, 0.0),
    ],
)
def test_a_study_without_any_difference_seldom_finds_one(effects, seeds, training, sizes):
    rng = np.random.default_rng(11)
    studies = 300
    wrong = 0
    for _ in range(studies):
        p_values = null_gains(rng, effects=effects, seeds=seeds, training=training, sizes=sizes)
        wrong += bool((holm(p_values) < LEVEL).any())
    # What a rate of 5 % exceeds once in a thousand times.
    assert wrong <= binom.ppf(0.999, studies, 0.05)


def test_without_correction_such_a_study_would_find_some():
    rng = np.random.default_rng(11)
    wrong = sum(
        min(null_gains(rng, effects=(0.0,) * 9, seeds=3, training=0.01, sizes=False)) < LEVEL
        for _ in range(200)
    )
    assert wrong > 40
