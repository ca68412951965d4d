import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from robustag.errors import InputError
from robustag.evaluation.roc import Ranking, area, cuts_at_mistag
from robustag.intervals import ONE_SIGMA


@st.composite
def tied_samples(draw):
    """Signal and background scores with many ties, and weights of which some vanish."""
    sizes = draw(st.tuples(st.integers(1, 25), st.integers(1, 25)))
    levels = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = [rng.integers(0, levels, n).astype(float) for n in sizes]
    weights = [rng.uniform(0.1, 3, n) * (rng.uniform(size=n) > 0.2) for n in sizes]
    for weight in weights:
        weight[0] = 1.0
    return *scores, *weights


def by_sklearn(signal, background, signal_weight, background_weight):
    truth = np.repeat([1, 0], [len(signal), len(background)])
    score = np.concatenate([signal, background])
    weight = np.concatenate([signal_weight, background_weight])
    auc = roc_auc_score(truth, score, sample_weight=weight)
    mistag, efficiency, _ = roc_curve(truth, score, sample_weight=weight, drop_intermediate=False)
    return auc, mistag, efficiency


def on_polygon(x, y, at, best):
    """Best y of a polygon line where it passes x = at; the slow and literal reading of the convention."""
    found = []
    for x0, x1, y0, y1 in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True):
        if x0 - 1e-12 <= at <= x1 + 1e-12:
            found += [y0, y1] if x1 - x0 < 1e-12 else [y0 + (at - x0) / (x1 - x0) * (y1 - y0)]
    return best(found)


RATES = np.array([0.0, 0.001, 0.1, 0.25, 1 / 3, 0.5, 0.7, 0.999, 1.0])


@given(tied_samples())
def test_agrees_with_scikit_learn(sample):
    signal, background, ws, wb = sample
    auc, mistag, efficiency = by_sklearn(*sample)
    roc = Ranking(signal, background).weigh(ws[:, None], wb[:, None])
    assert roc.auc()[0] == pytest.approx(auc, abs=1e-12)
    expected = [on_polygon(mistag, efficiency, rate, max) for rate in RATES]
    np.testing.assert_allclose(roc.efficiency_at_mistag(RATES)[:, 0], expected, atol=1e-9)
    expected = [on_polygon(efficiency, mistag, rate, min) for rate in RATES]
    np.testing.assert_allclose(roc.mistag_at_efficiency(RATES)[:, 0], expected, atol=1e-9)


def test_agrees_with_scikit_learn_on_many_jets():
    rng = np.random.default_rng(0)
    signal, background = rng.normal(1, 1, 4000).round(2), rng.normal(0, 1, 6000).round(2)
    ws, wb = rng.exponential(size=4000), rng.exponential(size=6000)
    roc = Ranking(signal, background).weigh(ws[:, None], wb[:, None])
    assert roc.auc()[0] == pytest.approx(by_sklearn(signal, background, ws, wb)[0], rel=1e-12)


@given(tied_samples())
def test_monotone_maps_change_nothing(sample):
    signal, background, ws, wb = sample
    roc = Ranking(signal, background).weigh(ws[:, None], wb[:, None])
    mapped = Ranking(np.exp(signal / 3), np.exp(background / 3)).weigh(ws[:, None], wb[:, None])
    np.testing.assert_array_equal(roc.auc(), mapped.auc())
    np.testing.assert_array_equal(roc.efficiency_at_mistag(RATES), mapped.efficiency_at_mistag(RATES))


@given(tied_samples())
def test_exchanging_the_classes_gives_the_complement(sample):
    signal, background, ws, wb = (part[:, None] if i > 1 else part for i, part in enumerate(sample))
    auc = Ranking(signal, background).weigh(ws, wb).auc()
    np.testing.assert_allclose(Ranking(background, signal).weigh(wb, ws).auc(), 1 - auc, atol=1e-12)
    np.testing.assert_allclose(Ranking(-background, -signal).weigh(wb, ws).auc(), auc, atol=1e-12)


@given(tied_samples(), st.integers(0, 2**32))
def test_integer_weights_are_copies(sample, seed):
    signal, background, *_ = sample
    rng = np.random.default_rng(seed)
    ws, wb = (rng.poisson(1, len(part)).astype(np.uint8) for part in (signal, background))
    ws[0] = wb[0] = 2
    weighted = Ranking(signal, background).weigh(ws[:, None], wb[:, None])
    copied = Ranking(np.repeat(signal, ws), np.repeat(background, wb)).weigh()
    cuts = np.array([-1.0, 0.0, 0.5, 3.0, np.inf])
    np.testing.assert_allclose(weighted.auc(), copied.auc(), atol=1e-14)
    for name, at in (
        ("efficiency_at_mistag", RATES),
        ("mistag_at_efficiency", RATES),
        ("rates_at_cut", cuts),
    ):
        np.testing.assert_allclose(getattr(weighted, name)(at), getattr(copied, name)(at), atol=1e-12)


def test_many_weights_equal_one_at_a_time():
    rng = np.random.default_rng(4)
    signal, background = rng.integers(0, 40, 300) / 7, rng.integers(0, 30, 400) / 7
    ws, wb = rng.poisson(1, (300, 9)).astype(np.uint8), rng.poisson(1, (400, 9)).astype(np.uint8)
    ranking = Ranking(signal, background)
    together = ranking.weigh(ws, wb)
    alone = [ranking.weigh(ws[:, r : r + 1], wb[:, r : r + 1]) for r in range(9)]
    np.testing.assert_array_equal(together.auc(), np.concatenate([roc.auc() for roc in alone]))
    np.testing.assert_array_equal(
        together.mistag_at_efficiency(RATES), np.hstack([roc.mistag_at_efficiency(RATES) for roc in alone])
    )


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("stride", [1, 2, 7, 5000])
def test_where_sums_are_kept_does_not_show(monkeypatch, stride, signed):
    rng = np.random.default_rng(5)
    signal, background = rng.normal(1, 1, 900).round(2), rng.normal(0, 1, 1100).round(2)
    ws, wb = (rng.uniform(-0.4 if signed else 0, 2, (len(part), 3)) for part in (signal, background))
    cuts = np.array([-np.inf, -5.0, 0.0, 0.5, 9.0])

    def everything():
        roc = Ranking(signal, background).weigh(ws, wb)
        follows = (roc.efficiency_at_mistag(RATES), roc.mistag_at_efficiency(RATES))
        return np.concatenate([roc.auc()[None], *follows, *roc.rates_at_cut(cuts)])

    expected = everything()
    monkeypatch.setattr("robustag.evaluation.roc._STRIDE", stride)
    np.testing.assert_allclose(everything(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("signed", [False, True])
def test_a_long_curve_is_followed_to_where_its_running_maximum_meets_the_rate(signed):
    """Jet by jet, without ties: the literal reading of the convention."""
    rng = np.random.default_rng(8)
    signal, background = rng.normal(1, 1, 1500), rng.normal(0, 1, 1500)
    ws, wb = (rng.uniform(-0.4 if signed else 0.1, 2, 1500) for _ in range(2))
    score, is_signal = np.concatenate([signal, background]), np.repeat([True, False], 1500)
    down = np.argsort(-score)
    passed, above = (
        np.cumsum(np.where(of, np.concatenate([ws, wb]), 0.0)[down]) for of in (is_signal, ~is_signal)
    )
    expected = []
    for rate in RATES[1:-1]:
        jet = int(np.argmax(above > rate * above[-1]))
        expected.append(passed[jet] / passed[-1])
    roc = Ranking(signal, background).weigh(ws[:, None], wb[:, None])
    np.testing.assert_allclose(roc.efficiency_at_mistag(RATES[1:-1])[:, 0], expected, rtol=1e-9)


def test_a_small_curve_by_hand():
    """Scores s: 4 2 2, b: 3 2 1 0. Corners (mis-tag, efficiency): (0, 1/3), (1/4, 1/3), tie to (1/2, 1)."""
    roc = Ranking(np.array([2.0, 4.0, 2.0]), np.array([0.0, 1.0, 2.0, 3.0])).weigh()
    assert roc.auc()[0] == pytest.approx((4 + 2 * 2.5) / 12)
    np.testing.assert_allclose(
        roc.efficiency_at_mistag(np.array([0, 0.25, 0.375, 0.5, 1]))[:, 0], [1 / 3, 1 / 3, 2 / 3, 1, 1]
    )
    np.testing.assert_allclose(
        roc.mistag_at_efficiency(np.array([0, 1 / 3, 2 / 3, 1]))[:, 0], [0, 0, 0.375, 0.5], atol=1e-9
    )
    efficiency, mistag = roc.rates_at_cut(np.array([2.0, 1.9]))
    np.testing.assert_allclose(efficiency[:, 0], [1 / 3, 1])
    np.testing.assert_allclose(mistag[:, 0], [1 / 4, 1 / 2])
    cuts = cuts_at_mistag(np.array([0.0, 1.0, 2.0, 3.0]), (0, 0.25, 0.4, 0.5, 0.75, 1))
    assert cuts.tolist() == [3, 2, 2, 1, 0, -np.inf]


@given(tied_samples(), st.floats(0, 1))
def test_a_cut_keeps_its_mistag_and_is_the_lowest_that_does(sample, rate):
    signal, background, *_ = sample
    (cut,) = cuts_at_mistag(background, [rate])
    kept = np.mean(background > cut)
    assert kept <= rate + 1e-9
    if np.isfinite(cut):
        assert np.mean(background >= cut) > rate - 1e-9
        mistag = Ranking(signal, background).weigh().rates_at_cut(np.array([cut]))[1]
        assert mistag[0, 0] == pytest.approx(kept)


@pytest.mark.parametrize("jets", range(1, 101))
def test_rates_that_are_whole_jets_lose_none_to_rounding(jets):
    """0.29 x 100 is 28.999...96 in floating point; 29 background jets may pass all the same."""
    background = np.arange(100.0)
    ranking = Ranking(background + 0.5, background)
    assert np.sum(background > cuts_at_mistag(background, [jets / 100])) == jets
    efficiency = ranking.weigh().efficiency_at_mistag(np.array([jets / 100]))
    assert efficiency[0, 0] == pytest.approx(min(1, (jets + 1) / 100))


def test_weights_without_a_class_give_nan():
    weight = np.array([[1, 0], [1, 0]], dtype=np.uint8)
    roc = Ranking(np.array([1.0, 2.0]), np.array([0.0, 3.0])).weigh(weight, np.ones((2, 2)))
    for value in (
        roc.auc(),
        roc.efficiency_at_mistag(np.array([0.1]))[0],
        roc.mistag_at_efficiency(np.array([0.7]))[0],
        roc.rates_at_cut(np.array([1.5]))[0][0],
    ):
        assert np.isfinite(value[0])
        assert np.isnan(value[1])
    swapped = Ranking(np.array([1.0, 2.0]), np.array([0.0, 3.0])).weigh(np.ones((2, 2)), weight)
    assert np.isnan(swapped.efficiency_at_mistag(np.array([0.1]))[0, 1])
    assert np.isnan(swapped.mistag_at_efficiency(np.array([0.7]))[0, 1])


def test_bad_scores_are_named():
    with pytest.raises(InputError, match="background jets, but there are none"):
        Ranking(np.array([1.0]), np.array([]))
    with pytest.raises(InputError, match="1 signal scores are NaN, first at signal jet 2"):
        Ranking(np.array([1.0, 0.0, np.nan]), np.array([1.0]))


def test_area_comes_with_the_central_interval_of_its_replicates():
    rng = np.random.default_rng(3)
    score, weights = rng.normal(size=60), rng.poisson(1.0, (60, 501)).astype(np.uint8)
    weights[:, 0] = 1
    signal, background = np.arange(0, 60, 3), np.arange(1, 60, 3)
    # One replicate without any signal: it has no area, and no say in the interval.
    weights[signal, 7] = 0
    value, low, high, replicates = area(score, signal, background, weights)
    assert value == pytest.approx(np.mean(score[signal][:, None] > score[background]))
    assert np.isnan(replicates).sum() == 1
    assert np.mean(replicates[~np.isnan(replicates)] < low) == pytest.approx((1 - ONE_SIGMA) / 2, abs=2e-3)
    assert np.mean(replicates[~np.isnan(replicates)] > high) == pytest.approx((1 - ONE_SIGMA) / 2, abs=2e-3)
