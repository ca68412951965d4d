from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from robustag.errors import InputError
from robustag.evaluation.assess import AssessedJets, assess
from robustag.evaluation.discriminators import probabilities
from robustag.evaluation.rates import EFFICIENCY_GRID, clean_cuts
from robustag.evaluation.tables import Assessment


def measure(logits, label, event, settings, cuts=None):
    """Assess jets of one pt, eta and training weight, with cuts of their own if there are no others."""
    one = np.ones(len(label))
    jets = AssessedJets.of(label, event, 50 * one, 0 * one, one, one, settings)
    return assess(logits, jets, settings, cuts or clean_cuts(logits, label, settings), {}, logits)


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
    result = measure(logits, label, event, settings, clean_cuts(logits, label, settings))
    labelled = result.labelled("attack", "fgsm", 0.01)
    assert list(labelled.metrics.columns) == [
        *("kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"),
        *("value", "low", "high", "n", "replicates"),
    ]
    assert list(labelled.curves.columns) == [
        *("kind", "perturbation", "epsilon", "discriminator", "efficiency", "mistag")
    ]
    assert list(labelled.bins.columns) == [
        *("kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"),
        *("variable", "bin_low", "bin_high", "passed", "total", "gained", "lost", "value", "low", "high"),
    ]
    assert list(labelled.calibration.columns) == [
        *("kind", "perturbation", "epsilon", "flavour", "low", "high"),
        *("predicted", "observed", "total", "effective"),
    ]
    assert list(labelled.confusion.columns) == [
        *("kind", "perturbation", "epsilon", "true", "predicted", "count")
    ]
    rows = [("auc", np.nan), ("mistag_at_efficiency", 0.7), ("efficiency_at_mistag", 0.1)]
    rows += [("efficiency_at_mistag", 0.01), ("fixed_cut_efficiency", 0.1), ("fixed_cut_efficiency", 0.01)]
    rows += [("fixed_cut_mistag", 0.1), ("fixed_cut_mistag", 0.01)]
    ranked = [(d, *rest) for d in ("BvL", "BvC", "CvB", "CvL", "b", "c", "light") for rest in rows]
    ranked += [(name, "ece", np.nan) for name in ("b", "c", "light", "all")]
    ranked += [("all", name, np.nan) for name in ("accuracy", "cross_entropy")]
    expected = pd.DataFrame(ranked, columns=["discriminator", "metric", "working_point"])
    pd.testing.assert_frame_equal(result.metrics[list(expected)], expected)
    assert all(r.shape == (100,) and r.dtype == np.float32 for r in result.metrics["replicates"])


def test_values_agree_with_scikit_learn_on_the_two_flavours(make_jets, settings):
    logits, label, event = make_jets(3000)
    result = measure(logits, label, event, settings)
    for name, signal, background in (("BvL", 0, 2), ("BvC", 0, 1), ("CvB", 1, 0), ("CvL", 1, 2)):
        jets = (label == signal) | (label == background)
        score = logits[jets, signal].astype(float) - logits[jets, background]
        auc = row(result, name, "auc")
        assert auc["value"] == pytest.approx(roc_auc_score(label[jets] == signal, score), rel=1e-12)
        assert auc["n"] == jets.sum()


def test_no_jet_above_a_fixed_cut_is_no_certainty(settings):
    """100 light jets of which none passes: the rate is 0, but up to 1.8 % would do."""
    logits, label, event = exponential_jets(300, 4)
    settings = replace(settings, mistags=[0.001])
    rate = row(measure(logits, label, event, settings), "BvL", "fixed_cut_mistag")
    assert (rate["value"], rate["low"], rate["n"]) == (0, 0, 100)
    assert rate["high"] == pytest.approx(1 - 0.158655 ** (1 / 100), rel=1e-4)
    assert not rate["replicates"].any()


def test_each_class_against_the_rest_is_the_softmax_output_ties_included(make_jets, settings):
    """Logits of hundreds saturate the softmax: many jets share P = 1 and count half against each other."""
    logits, label, event = make_jets(3000)
    for scale in (1, 200):
        result = measure(scale * logits, label, event, settings)
        for flavour, name in enumerate(("b", "c", "light")):
            score = probabilities(scale * logits)[:, flavour]
            area = row(result, name, "auc")
            assert area["value"] == pytest.approx(roc_auc_score(label == flavour, score), rel=1e-12)
            assert area["n"] == 3000
    assert len(np.unique(score)) < 2500


def test_curves_contain_the_working_point_and_the_area(make_jets, settings):
    logits, label, event = make_jets(20_000)
    result = measure(logits, label, event, settings)
    curve = result.curves[result.curves["discriminator"] == "BvL"]
    np.testing.assert_array_equal(curve["efficiency"], EFFICIENCY_GRID)
    at = curve["mistag"].to_numpy()[np.argmin(np.abs(EFFICIENCY_GRID - 0.7))]
    assert at == pytest.approx(row(result, "BvL", "mistag_at_efficiency")["value"], rel=1e-9)
    area = 1 - np.trapezoid(curve["mistag"], curve["efficiency"])
    assert area == pytest.approx(row(result, "BvL", "auc")["value"], abs=2e-4)


def test_bootstrap_is_centred_and_as_wide_as_theory(settings):
    """400 replicates: their spread is known to 3.5 %, their mean to 0.05 standard errors."""
    logits, label, event = exponential_jets(9000, 1)
    settings = replace(settings, bootstrap=400)
    cuts = clean_cuts(*exponential_jets(9000, 2)[:2], settings)
    result = measure(logits, label, event, settings, cuts)
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
    settings = replace(settings, bootstrap=400)
    twice, labels = np.repeat(logits, 2, axis=0), np.repeat(label, 2)
    together = measure(twice, labels, np.repeat(event, 2), settings)
    apart = measure(twice, labels, np.arange(12_000), settings)
    once = measure(logits, label, event, settings)
    spread = [row(result, "BvL", "auc")["replicates"].std() for result in (together, apart, once)]
    assert spread[0] / spread[1] == pytest.approx(np.sqrt(2), rel=0.12)
    np.testing.assert_allclose(spread[0], spread[2], rtol=1e-5)


def test_replicates_are_paired_between_models(make_jets, settings):
    """A model and a slightly worse copy: the paired difference is far better known than either."""
    logits, label, event = make_jets(6000)
    worse = logits + np.random.default_rng(5).normal(scale=0.1, size=logits.shape).astype(np.float32)
    a, b = (row(measure(z, label, event, settings), "BvL", "auc")["replicates"] for z in (logits, worse))
    assert np.std(a - b) < 0.3 * np.std(a)


def test_the_order_of_jets_does_not_matter(make_jets, settings):
    """What counts jets is exactly the same; sums of logarithms and gaps round in another order."""
    logits, label, event = make_jets(2000)
    mixed = np.random.default_rng(6).permutation(2000)
    a = measure(logits, label, event, settings).metrics
    b = measure(logits[mixed], label[mixed], event[mixed], settings).metrics
    counting = ~a["metric"].isin(["ece", "cross_entropy"]).to_numpy()
    first, second = np.stack(a["replicates"]), np.stack(b["replicates"])
    np.testing.assert_array_equal(first[counting], second[counting])
    np.testing.assert_allclose(first, second, rtol=1e-5)


def test_blocks_do_not_show(make_jets, settings, monkeypatch):
    logits, label, event = make_jets(500)
    a = measure(logits, label, event, settings).metrics
    monkeypatch.setattr("robustag.evaluation.calibration._BLOCK_JETS", 7)
    b = measure(logits, label, event, settings).metrics
    np.testing.assert_allclose(np.stack(a["replicates"]), np.stack(b["replicates"]), rtol=1e-5)


def test_two_runs_give_the_same_bytes(make_jets, settings, tmp_path):
    logits, label, event = make_jets(2000)
    cuts = clean_cuts(logits, label, settings)
    measure(logits, label, event, settings, cuts).metrics.to_parquet(tmp_path / "a.parquet")
    measure(logits, label, event, settings, cuts).metrics.to_parquet(tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    stored = pd.read_parquet(tmp_path / "a.parquet")["replicates"]
    assert stored[0].dtype == np.float32
    assert stored[0].shape == (100,)


def test_cuts_keep_their_mistag_on_the_jets_that_fixed_them(make_jets, settings):
    logits, label, event = make_jets(30_000)
    result = measure(logits, label, event, settings, clean_cuts(logits, label, settings))
    for name in ("BvL", "BvC", "CvB", "CvL"):
        for mistag in settings.mistags:
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
    before, after = (measure(z, label, event, settings, cuts) for z in (logits, shifted))
    assert row(after, "BvL", "auc")["value"] == pytest.approx(row(before, "BvL", "auc")["value"], abs=1e-6)
    for metric in ("fixed_cut_mistag", "fixed_cut_efficiency"):
        assert row(after, "BvL", metric, 0.1)["value"] > 1.1 * row(before, "BvL", metric, 0.1)["value"]


def test_a_rare_flavour_leaves_empty_replicates_out_of_the_interval(settings):
    """Two c jets: about one replicate in seven has none and is NaN."""
    logits, label, event = exponential_jets(300, 8)
    label = np.where(np.arange(300) < 2, 1, np.where(label == 1, 2, label))
    auc = row(measure(logits, label, event, settings), "CvL", "auc")
    assert 0.03 < np.isnan(auc["replicates"]).mean() < 0.35
    assert np.isfinite([auc["value"], auc["low"], auc["high"]]).all()


def test_saved_tables_read_back(make_jets, settings, tmp_path):
    part = measure(*make_jets(300), settings).labelled("attack", "noise", 0.1)
    paths = {name: tmp_path / f"{name}.parquet" for name in vars(part)}
    part.save({**paths, "audit": "of another table"})
    for name, table in vars(part).items():
        pd.testing.assert_frame_equal(pd.read_parquet(paths[name]), table)


def test_concatenate_keeps_every_row_in_order(make_jets, settings):
    part = measure(*make_jets(300), settings)
    both = Assessment.concatenate([part.labelled("attack", "noise", e) for e in (0, 0.1)])
    for table in vars(both).values():
        assert len(table) % 2 == 0
        np.testing.assert_array_equal(table["epsilon"], np.repeat([0.0, 0.1], len(table) // 2))


def test_unusable_samples_are_named(make_jets, settings):
    logits, label, event = make_jets(300)
    with pytest.raises(InputError, match="flavour light"):
        measure(logits, np.where(label == 2, 1, label), event, settings)
    with pytest.raises(InputError, match="nan for class b of jet 3"):
        measure(np.where(logits == logits[3, 0], np.nan, logits), label, event, settings)
    with pytest.raises(InputError, match="at least 2 replicates"):
        measure(logits, label, event, replace(settings, bootstrap=1))
