import numpy as np
import pandas as pd
import pytest

from robustag.errors import InputError
from robustag.evaluation.differences import Measurement, harm, matching, measurement, robustness_gain

KEYS = {"perturbation": "fgsm", "epsilon": 0.01, "discriminator": "BvL", "metric": "auc"}


def table(models, seeds=(0, 1, 2), replicates=200):
    """AUC rows: a replicate fluctuation common to all models and seeds, and a small one of its own."""
    rng = np.random.default_rng(1)
    common = rng.normal(scale=0.01, size=replicates)
    rows = []
    for model, auc in models.items():
        for seed in seeds:
            value = auc + 0.002 * seed
            fluctuation = common + rng.normal(scale=0.001, size=replicates)
            row = {"model": model, "seed": seed, "kind": "attack", **KEYS, "working_point": np.nan}
            rows.append(row | {"value": value, "replicates": (value + fluctuation).astype(np.float32)})
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def test_errors_of_a_mean_over_seeds():
    result = measurement(table({"a": 0.90}), model="a", **KEYS)
    assert result.seeds == (0, 1, 2)
    assert result.mean == pytest.approx(0.902)
    assert result.seed == pytest.approx(0.002 / np.sqrt(3))
    assert result.statistical == pytest.approx(0.01, rel=0.15)  # common to the seeds: no 1 / sqrt(3)
    assert result.total == pytest.approx(np.hypot(result.statistical, result.seed))


def test_paired_difference_loses_what_is_common():
    metrics = table({"a": 0.90, "b": 0.93})
    a, b = (measurement(metrics, model=model, **KEYS) for model in "ab")
    difference = b - a
    assert difference.mean == pytest.approx(0.03)
    assert difference.seed == pytest.approx(0, abs=1e-12)  # both depend on the seed alike
    assert difference.statistical == pytest.approx(0.001 * np.sqrt(2 / 3), rel=0.15)
    assert difference.statistical < 0.1 * np.hypot(a.statistical, b.statistical)


def test_ratio_is_taken_seed_by_seed():
    a = Measurement((0, 1), np.array([1.0, 2.0]), np.array([[1.0, 1.1], [2.0, 2.2]]))
    b = Measurement((0, 1), np.array([2.0, 8.0]), np.array([[2.0, 2.2], [8.0, 8.8]]))
    ratio = a / b
    np.testing.assert_allclose(ratio.values, [0.5, 0.25])
    assert ratio.statistical == pytest.approx(0, abs=1e-12)


def test_one_seed_has_no_seed_error():
    result = measurement(table({"a": 0.9}, seeds=(4,)), model="a", **KEYS)
    assert np.isnan(result.seed)
    assert result.total == result.statistical


def test_only_equal_seeds_and_replicates_pair():
    a = measurement(table({"a": 0.9}), model="a", **KEYS)
    with pytest.raises(InputError, match=r"\(0, 1, 2\) with \(0, 1\)"):
        a - measurement(table({"a": 0.9}, seeds=(0, 1)), model="a", **KEYS)
    with pytest.raises(InputError, match="200 bootstrap replicates with 100"):
        a / measurement(table({"a": 0.9}, replicates=100), model="a", **KEYS)


def test_rows_that_are_absent_or_double_are_named():
    metrics = table({"a": 0.9})
    with pytest.raises(InputError, match="no row with model z"):
        measurement(metrics, model="z", **KEYS)
    with pytest.raises(InputError, match=r"no row.*epsilon 0\.02"):
        measurement(metrics, model="a", **(KEYS | {"epsilon": 0.02}))
    with pytest.raises(InputError, match=r"no row.*working_point 0\.1"):
        measurement(metrics, model="a", **KEYS, working_point=0.1)
    with pytest.raises(InputError, match="more than one row per seed"):
        measurement(pd.concat([metrics, metrics]), model="a", **KEYS)


@pytest.mark.parametrize(("metric", "sign"), [("auc", 1), ("mistag_at_efficiency", -1), ("loss", -1)])
def test_harm_is_positive_when_a_number_gets_worse(metric, sign):
    raw = table({"a": 0.93}).assign(epsilon=0.0, metric=metric)
    changed = table({"a": 0.90}).assign(metric=metric)
    found = harm(pd.concat([raw, changed]), model="a", **(KEYS | {"metric": metric}))
    assert found.mean == pytest.approx(sign * 0.03)


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_any_change_at_a_fixed_cut_is_mismodelling(factor):
    """Fewer mis-tagged light jets need a scale factor as well as more of them."""
    wanted = KEYS | {"metric": "fixed_cut_mistag"}
    raw = table({"a": 0.1}).assign(epsilon=0.0)
    changed = raw.assign(
        value=factor * raw["value"], replicates=factor * raw["replicates"], epsilon=wanted["epsilon"]
    )
    found = harm(pd.concat([raw, changed]).assign(metric="fixed_cut_mistag"), model="a", **wanted)
    assert found.mean == pytest.approx(0.2)
    np.testing.assert_allclose(found.replicates, 0.2, rtol=1e-5)


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


def test_gain_in_robustness_is_paired_over_all_four_rows():
    """Both models share what fluctuates between jets, so the gain is known far better than any AUC."""
    raw = table({"nominal": 0.93, "adversarial": 0.92}).assign(epsilon=0.0)
    attacked = table({"nominal": 0.80, "adversarial": 0.90})
    metrics = pd.concat([raw, attacked])
    gain = robustness_gain(metrics, reference="nominal", model="adversarial", **KEYS)
    assert gain.mean == pytest.approx(0.13 - 0.02)
    assert gain.statistical < 0.2 * measurement(metrics, model="nominal", **KEYS).statistical


def test_numbers_match_to_nine_digits_and_nan_matches_itself():
    rows = pd.DataFrame({"epsilon": [0.0, 1e-12, 0.3, 0.1 + 0.2, np.nan], "name": list("aabbb")})
    assert matching(rows, epsilon=0.3).tolist() == [False, False, True, True, False]
    assert matching(rows, epsilon=0.0).tolist() == [True, False, False, False, False]
    assert matching(rows, epsilon=np.nan, name="b").tolist() == [False] * 4 + [True]
