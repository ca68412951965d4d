"""Numbers of the metrics table are found by their names and compared pair by pair."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from robustag.errors import InputError
from robustag.evaluation.measurements import Measurements

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
    result = Measurements(table({"a": 0.90})).measurement(model="a", **KEYS)
    assert result.seeds == (0, 1, 2)
    assert result.mean == pytest.approx(0.902)
    assert result.seed == pytest.approx(0.002 / np.sqrt(3))
    assert result.statistical == pytest.approx(0.01, rel=0.15)  # common to the seeds: no 1 / sqrt(3)
    assert result.total == pytest.approx(np.hypot(result.statistical, result.seed))


def test_paired_difference_loses_what_is_common():
    metrics = Measurements(table({"a": 0.90, "b": 0.93}))
    a, b = (metrics.measurement(model=model, **KEYS) for model in "ab")
    difference = b - a
    assert difference.mean == pytest.approx(0.03)
    assert difference.seed == pytest.approx(0, abs=1e-12)  # both depend on the seed alike
    assert difference.statistical == pytest.approx(0.001 * np.sqrt(2 / 3), rel=0.15)
    assert difference.statistical < 0.1 * np.hypot(a.statistical, b.statistical)


def test_one_seed_has_no_seed_error():
    result = Measurements(table({"a": 0.9}, seeds=(4,))).measurement(model="a", **KEYS)
    assert np.isnan(result.seed)
    assert result.total == result.statistical


def test_only_equal_seeds_and_replicates_pair():
    a = Measurements(table({"a": 0.9})).measurement(model="a", **KEYS)
    with pytest.raises(InputError, match=r"\(0, 1, 2\) with \(0, 1\)"):
        a - Measurements(table({"a": 0.9}, seeds=(0, 1))).measurement(model="a", **KEYS)
    with pytest.raises(InputError, match="200 bootstrap replicates with 100"):
        a / Measurements(table({"a": 0.9}, replicates=100)).measurement(model="a", **KEYS)


def test_rows_that_are_absent_or_double_are_named():
    rows = table({"a": 0.9})
    metrics = Measurements(rows)
    with pytest.raises(InputError, match="no row with model z"):
        metrics.measurement(model="z", **KEYS)
    with pytest.raises(InputError, match=r"no row.*epsilon 0\.02"):
        metrics.measurement(model="a", **(KEYS | {"epsilon": 0.02}))
    with pytest.raises(InputError, match=r"no row.*working_point 0\.1"):
        metrics.measurement(model="a", **KEYS, working_point=0.1)
    with pytest.raises(InputError, match="more than one row per seed"):
        Measurements(pd.concat([rows, rows])).measurement(model="a", **KEYS)


def test_every_number_is_found_and_no_other():
    """A grid of names of which every seventh is absent, so that names differ in one column at a time."""
    columns = ["model", "perturbation", "epsilon", "discriminator", "metric", "working_point"]
    grid = product(["a", "b"], ["pgd", "fgsm"], [0.0, 0.01, 0.05], ["BvL", "CvL"], ["x", "y"], [np.nan, 0.1])
    names = pd.DataFrame(grid, columns=columns)
    names["value"] = np.arange(len(names), dtype=float)
    there = names.index % 7 != 3
    rows = names[there].merge(pd.DataFrame({"seed": [5, 3, 4]}), how="cross")
    rows["value"] += rows["seed"] / 10
    rows["replicates"] = [np.array([value, value + 0.01], dtype=np.float32) for value in rows["value"]]
    metrics = Measurements(rows.sample(frac=1, random_state=0))
    for name, exists in zip(names.to_dict("records"), there, strict=True):
        value = name.pop("value")
        if not exists:
            with pytest.raises(InputError, match="no row"):
                metrics.measurement(**name)
            continue
        found = metrics.measurement(**name)
        assert found.seeds == (3, 4, 5)
        np.testing.assert_array_equal(found.values, value + np.array([3, 4, 5]) / 10)
        expected = [np.float32([one, one + 0.01]) for one in found.values]
        np.testing.assert_array_equal(found.replicates, expected)
        assert found.replicates.dtype == np.float64


def test_names_match_to_nine_digits():
    rows = table({"a": 0.9}).assign(epsilon=0.1 + 0.2, working_point=-0.0)
    close = table({"a": 0.8}).assign(epsilon=0.3000001, working_point=1e-12)
    metrics = Measurements(pd.concat([rows, close]))
    wanted = KEYS | {"model": "a"}
    assert metrics.measurement(**wanted | {"epsilon": 0.3}, working_point=0).mean == pytest.approx(0.902)
    near = metrics.measurement(**wanted | {"epsilon": 0.30000010000001}, working_point=1e-12)
    assert near.mean == pytest.approx(0.802)
    with pytest.raises(InputError, match="no row"):
        metrics.measurement(**wanted | {"epsilon": 0.3}, working_point=1e-12)


def test_a_table_without_rows_has_no_number():
    with pytest.raises(InputError, match="no row with model a"):
        Measurements(table({"a": 0.9}).iloc[:0]).measurement(model="a", **KEYS)


def test_numbers_that_differ_beyond_nine_digits_are_one():
    rows = table({"a": 0.9}, seeds=(0,))
    both = pd.concat([rows, rows.assign(seed=1, epsilon=0.01 + 1e-13)])
    assert Measurements(both).measurement(model="a", **KEYS).seeds == (0, 1)


@pytest.mark.parametrize(("metric", "sign"), [("auc", 1), ("mistag_at_efficiency", -1), ("loss", -1)])
def test_harm_is_positive_when_a_number_gets_worse(metric, sign):
    raw = table({"a": 0.93}).assign(epsilon=0.0, metric=metric)
    changed = table({"a": 0.90}).assign(metric=metric)
    found = Measurements(pd.concat([raw, changed])).harm(model="a", **(KEYS | {"metric": metric}))
    assert found.mean == pytest.approx(sign * 0.03)


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_any_change_at_a_fixed_cut_is_mismodelling(factor):
    """Fewer mis-tagged light jets need a scale factor as well as more of them."""
    wanted = KEYS | {"metric": "fixed_cut_mistag"}
    raw = table({"a": 0.1}).assign(epsilon=0.0)
    changed = raw.assign(
        value=factor * raw["value"], replicates=factor * raw["replicates"], epsilon=wanted["epsilon"]
    )
    found = Measurements(pd.concat([raw, changed]).assign(metric="fixed_cut_mistag")).harm(
        model="a", **wanted
    )
    assert found.mean == pytest.approx(0.2)
    np.testing.assert_allclose(found.replicates, 0.2, rtol=1e-5)


def test_gain_in_robustness_is_paired_over_all_four_rows():
    """Both models share what fluctuates between jets, so the gain is known far better than any AUC."""
    raw = table({"nominal": 0.93, "adversarial": 0.92}).assign(epsilon=0.0)
    attacked = table({"nominal": 0.80, "adversarial": 0.90})
    metrics = Measurements(pd.concat([raw, attacked]))
    gain = metrics.robustness_gain(reference="nominal", model="adversarial", **KEYS)
    assert gain.mean == pytest.approx(0.13 - 0.02)
    assert gain.statistical < 0.2 * metrics.measurement(model="nominal", **KEYS).statistical
