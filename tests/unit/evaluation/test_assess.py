import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from robustag.errors import InputError
from robustag.evaluation.assess import EFFICIENCY_GRID, Assessment, assess, clean_cuts
from robustag.evaluation.bootstrap import event_weights


def row(assessment, discriminator, metric, working_point=None):
    metrics = assessment.metrics
    chosen = (metrics["discriminator"] == discriminator) & (metrics["metric"] == metric)
    if working_point is not None:
        chosen &= metrics["working_point"] == working_point
    return metrics[chosen].iloc[0]


def hanley_mcneil(auc, signal, background):
    """Standard error of an AUC (Radiology 143 (1982) 29), exact for exponential scores."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (signal - 1) * (q1 - auc**2) + (background - 1) * (q2 - auc**2)
    return np.sqrt(variance / (signal * background))


def exponential_jets(n, seed):
    """b and light jets whose BvL log-odds are exponential with means 3 and 1: the AUC is 3/4."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 3
    logits = np.zeros((n, 3))
    logits[:, 0] = rng.exponential(np.choose(label, [3.0, 2.0, 1.0]))
    return logits, label, np.arange(n)


def test_rows_are_those_of_the_tables(make_jets, settings):
    logits, label, event = make_jets(3000)
    result = assess(logits, label, event, settings, clean_cuts(logits, label, settings))
    labelled = result.labelled("attack", "fgsm", 0.01)
    assert list(labelled.metrics.columns) == [
        *("kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"),
        *("value", "low", "high", "n", "replicates"),
    ]
    assert list(labelled.curves.columns) == [
        *("kind", "perturbation", "epsilon", "discriminator", "efficiency", "mistag")
    ]
    rows = [("auc", np.nan), ("mistag_at_efficiency", 0.7), ("efficiency_at_mistag", 0.1)]
    rows += [("efficiency_at_mistag", 0.01), ("fixed_cut_efficiency", 0.1), ("fixed_cut_efficiency", 0.01)]
    rows += [("fixed_cut_mistag", 0.1), ("fixed_cut_mistag", 0.01)]
    expected = pd.DataFrame(
        [(d, metric, point) for d in ("BvL", "BvC", "CvB", "CvL") for metric, point in rows],
        columns=["discriminator", "metric", "working_point"],
    )
    pd.testing.assert_frame_equal(result.metrics[list(expected)], expected)
    assert all(r.shape == (100,) and r.dtype == np.float32 for r in result.metrics["replicates"])


def test_values_agree_with_scikit_learn_on_the_two_flavours(make_jets, settings):
    logits, label, event = make_jets(3000)
    result = assess(logits, label, event, settings, None)
    for name, signal, background in (("BvL", 0, 2), ("BvC", 0, 1), ("CvB", 1, 0), ("CvL", 1, 2)):
        jets = (label == signal) | (label == background)
        score = logits[jets, signal].astype(float) - logits[jets, background]
        auc = row(result, name, "auc")
        assert auc["value"] == pytest.approx(roc_auc_score(label[jets] == signal, score), rel=1e-12)
        assert auc["n"] == jets.sum()


def test_curves_contain_the_working_point_and_the_area(make_jets, settings):
    logits, label, event = make_jets(20_000)
    result = assess(logits, label, event, settings, None)
    curve = result.curves[result.curves["discriminator"] == "BvL"]
    np.testing.assert_array_equal(curve["efficiency"], EFFICIENCY_GRID)
    at = curve["mistag"].to_numpy()[np.argmin(np.abs(EFFICIENCY_GRID - 0.7))]
    assert at == pytest.approx(row(result, "BvL", "mistag_at_efficiency")["value"], rel=1e-9)
    area = 1 - np.trapezoid(curve["mistag"], curve["efficiency"])
    assert area == pytest.approx(row(result, "BvL", "auc")["value"], abs=2e-4)


def test_bootstrap_is_centred_and_as_wide_as_theory(settings):
    """400 replicates: their spread is known to 3.5 %, their mean to 0.05 standard errors."""
    logits, label, event = exponential_jets(9000, 1)
    settings |= {"bootstrap": 400}
    cuts = clean_cuts(*exponential_jets(9000, 2)[:2], settings)
    result = assess(logits, label, event, settings, cuts)
    auc = row(result, "BvL", "auc")
    expected = hanley_mcneil(auc["value"], 3000, 3000)
    assert auc["value"] == pytest.approx(0.75, abs=4 * expected)
    assert auc["replicates"].std() == pytest.approx(expected, rel=0.12)
    assert auc["replicates"].mean() == pytest.approx(auc["value"], abs=0.2 * expected)
    assert (auc["high"] - auc["low"]) / 2 == pytest.approx(expected, rel=0.15)
    for metric in ("fixed_cut_efficiency", "fixed_cut_mistag"):
        rate = row(result, "BvL", metric, 0.1)
        binomial = np.sqrt(rate["value"] * (1 - rate["value"]) / rate["n"])
        assert rate["n"] == 3000
        assert rate["replicates"].std() == pytest.approx(binomial, rel=0.12)


def test_jets_of_one_event_count_as_one_measurement(settings):
    """Every jet twice: as two events the error is that of 2n jets, as one event that of n, sqrt(2) wider."""
    logits, label, event = exponential_jets(6000, 3)
    settings |= {"bootstrap": 400}
    twice, labels = np.repeat(logits, 2, axis=0), np.repeat(label, 2)
    together = assess(twice, labels, np.repeat(event, 2), settings, None)
    apart = assess(twice, labels, np.arange(12_000), settings, None)
    once = assess(logits, label, event, settings, None)
    spread = [row(result, "BvL", "auc")["replicates"].std() for result in (together, apart, once)]
    assert spread[0] / spread[1] == pytest.approx(np.sqrt(2), rel=0.12)
    np.testing.assert_allclose(spread[0], spread[2], rtol=1e-5)


def test_replicates_are_paired_between_models(make_jets, settings):
    """A model and a slightly worse copy: the paired difference is far better known than either."""
    logits, label, event = make_jets(6000)
    worse = logits + np.random.default_rng(5).normal(scale=0.1, size=logits.shape).astype(np.float32)
    a, b = (row(assess(z, label, event, settings, None), "BvL", "auc")["replicates"] for z in (logits, worse))
    assert np.std(a - b) < 0.3 * np.std(a)


def test_the_order_of_jets_does_not_matter(make_jets, settings):
    logits, label, event = make_jets(2000)
    mixed = np.random.default_rng(6).permutation(2000)
    a = assess(logits, label, event, settings, None).metrics
    b = assess(logits[mixed], label[mixed], event[mixed], settings, None).metrics
    np.testing.assert_array_equal(np.stack(a["replicates"]), np.stack(b["replicates"]))


def test_blocks_of_replicates_do_not_show(make_jets, settings, monkeypatch):
    logits, label, event = make_jets(500)
    a = assess(logits, label, event, settings, None).metrics
    monkeypatch.setattr("robustag.evaluation.assess._BLOCK_CELLS", 1)
    b = assess(logits, label, event, settings, None).metrics
    np.testing.assert_array_equal(np.stack(a["replicates"]), np.stack(b["replicates"]))


def test_two_runs_give_the_same_bytes(make_jets, settings, tmp_path):
    logits, label, event = make_jets(2000)
    cuts = clean_cuts(logits, label, settings)
    weights = event_weights(event, 100, settings["seed"])
    assess(logits, label, event, settings, cuts).metrics.to_parquet(tmp_path / "a.parquet")
    assess(logits, label, event, settings, cuts, weights).metrics.to_parquet(tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    stored = pd.read_parquet(tmp_path / "a.parquet")["replicates"]
    assert stored[0].dtype == np.float32
    assert stored[0].shape == (100,)


def test_cuts_keep_their_mistag_on_the_jets_that_fixed_them(make_jets, settings):
    logits, label, event = make_jets(30_000)
    result = assess(logits, label, event, settings, clean_cuts(logits, label, settings))
    for name in ("BvL", "BvC", "CvB", "CvL"):
        for mistag in settings["mistags"]:
            rate = row(result, name, "fixed_cut_mistag", mistag)
            assert mistag - 1 / rate["n"] < rate["value"] <= mistag
            kept = row(result, name, "fixed_cut_efficiency", mistag)["value"]
            assert kept == pytest.approx(
                row(result, name, "efficiency_at_mistag", mistag)["value"], abs=1e-12
            )


def test_a_fixed_cut_sees_a_shift_that_the_roc_does_not(make_jets, settings):
    logits, label, event = make_jets(9000)
    cuts = clean_cuts(logits, label, settings)
    shifted = logits + np.array([0.5, 0, 0], dtype=np.float32)
    before, after = (assess(z, label, event, settings, cuts) for z in (logits, shifted))
    assert row(after, "BvL", "auc")["value"] == pytest.approx(row(before, "BvL", "auc")["value"], abs=1e-6)
    for metric in ("fixed_cut_mistag", "fixed_cut_efficiency"):
        assert row(after, "BvL", metric, 0.1)["value"] > 1.1 * row(before, "BvL", metric, 0.1)["value"]


def test_without_cuts_there_are_no_fixed_cut_rows(make_jets, settings):
    metrics = assess(*make_jets(300), settings, None).metrics
    assert not metrics["metric"].str.startswith("fixed_cut").any()


def test_a_rare_flavour_leaves_empty_replicates_out_of_the_interval(settings):
    """Two c jets: about one replicate in seven has none and is NaN."""
    logits, label, event = exponential_jets(300, 8)
    label = np.where(np.arange(300) < 2, 1, np.where(label == 1, 2, label))
    auc = row(assess(logits, label, event, settings, None), "CvL", "auc")
    assert 0.03 < np.isnan(auc["replicates"]).mean() < 0.35
    assert np.isfinite([auc["value"], auc["low"], auc["high"]]).all()


def test_saved_tables_read_back(make_jets, settings, tmp_path):
    part = assess(*make_jets(300), settings, None).labelled("attack", "noise", 0.1)
    paths = [tmp_path / f"{name}.parquet" for name in ("metrics", "curves", "histograms")]
    part.save(*paths)
    for table, path in zip((part.metrics, part.curves, part.histograms), paths, strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(path), table)


def test_concatenate_keeps_every_row_in_order(make_jets, settings):
    part = assess(*make_jets(300), settings, None)
    both = Assessment.concatenate([part.labelled("attack", "noise", e) for e in (0, 0.1)])
    for table in (both.metrics, both.curves, both.histograms):
        assert len(table) % 2 == 0
        np.testing.assert_array_equal(table["epsilon"], np.repeat([0.0, 0.1], len(table) // 2))


def test_unusable_samples_are_named(make_jets, settings):
    logits, label, event = make_jets(300)
    with pytest.raises(InputError, match="flavour light"):
        assess(logits, np.where(label == 2, 1, label), event, settings, None)
    with pytest.raises(InputError, match="nan for class b of jet 3"):
        assess(np.where(logits == logits[3, 0], np.nan, logits), label, event, settings, None)
    with pytest.raises(InputError, match="at least 2 replicates"):
        assess(logits, label, event, settings | {"bootstrap": 1}, None)
