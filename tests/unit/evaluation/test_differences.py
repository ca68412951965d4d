import numpy as np
import pandas as pd
import pytest

from robustag.evaluation.differences import Measurement, matching


def test_ratio_is_taken_seed_by_seed():
    a = Measurement((0, 1), np.array([1.0, 2.0]), np.array([[1.0, 1.1], [2.0, 2.2]]))
    b = Measurement((0, 1), np.array([2.0, 8.0]), np.array([[2.0, 2.2], [8.0, 8.8]]))
    ratio = a / b
    np.testing.assert_allclose(ratio.values, [0.5, 0.25])
    assert ratio.statistical == pytest.approx(0, abs=1e-12)


def test_a_magnitude_turns_all_replicates_alike():
    """Replicates on the other side of zero stay there: folded ones would scatter too little."""
    negative = Measurement((0,), np.array([-0.1]), np.array([[-0.3, 0.1, -0.1]]))
    np.testing.assert_allclose(negative.magnitude.replicates, [[0.3, -0.1, 0.1]])
    assert negative.magnitude.statistical == negative.statistical


def test_magnitudes_of_changes_that_are_not_there_differ_seldom():
    """The size of nothing is positive on average; the difference of two such sizes is not significant."""
    rng = np.random.default_rng(5)
    wrong, studies = 0, 2000
    for _ in range(studies):
        first, second = (
            Measurement((0,), centre[None], centre + scale * rng.standard_normal((1, 100)))
            for scale in (1.0, 2.0)
            for centre in [scale * rng.standard_normal(())]
        )
        gain = first.magnitude - second.magnitude
        wrong += abs(gain.mean) > 2 * gain.total
    # What a rate of 4.6 % exceeds once in a thousand times.
    assert wrong <= 121


def test_numbers_match_to_nine_digits_and_nan_matches_itself():
    rows = pd.DataFrame({"epsilon": [0.0, 1e-12, 0.3, 0.1 + 0.2, np.nan], "name": list("aabbb")})
    assert matching(rows, epsilon=0.3).tolist() == [False, False, True, True, False]
    assert matching(rows, epsilon=0.0).tolist() == [True, False, False, False, False]
    assert matching(rows, epsilon=np.nan, name="b").tolist() == [False] * 4 + [True]
