import numpy as np
import pytest

from robustag.errors import InputError
from robustag.evaluation.discriminators import DISCRIMINATORS, discriminant
from robustag.evaluation.histograms import BINS, input_histograms, score_histograms


def test_every_score_counts_every_jet_once(make_jets):
    logits, label, _ = make_jets(3000)
    table = score_histograms(logits, label)
    assert list(table.columns) == ["quantity", "flavour", "low", "high", "count"]
    assert set(table["quantity"]) == {"P(b)", "P(c)", "P(light)", "BvL", "BvC", "CvB", "CvL"}
    totals = table.groupby(["quantity", "flavour"])["count"].sum().unstack()
    np.testing.assert_array_equal(totals[["b", "c", "light"]], np.tile(np.bincount(label), (7, 1)))


def test_bins_hold_what_lies_between_their_edges(make_jets):
    logits, label, _ = make_jets(3000)
    table = score_histograms(logits, label)
    rows = table[(table["quantity"] == "CvL") & (table["flavour"] == "light")]
    score = discriminant(logits, DISCRIMINATORS[3])[label == 2]
    assert len(rows) == BINS
    for low, high, count in zip(rows["low"], rows["high"], rows["count"], strict=True):
        assert count == np.sum((score >= low) & ((score < high) | (high == 1)))


@pytest.mark.parametrize("weighted", [False, True])
def test_bins_are_those_of_numpy_on_edges_too(weighted):
    rng, bounds = np.random.default_rng(4), (-0.5, 19.7)
    edges = np.linspace(*bounds, BINS + 1)
    near = [np.nextafter(edges, end) for end in (-np.inf, np.inf)]
    value = np.concatenate([edges, *near, rng.uniform(-3, 23, 500), [np.nan, np.inf]])
    label = rng.integers(-1, 3, len(value))
    weight = rng.normal(size=len(value)) if weighted else None
    table = input_histograms({"a": value}, {"a": np.zeros(len(value), bool)}, label, {"a": bounds}, weight)
    for flavour, name in enumerate(("b", "c", "light")):
        of = (label == flavour) & ~np.isnan(value)
        expected, _ = np.histogram(value[of], BINS, bounds, weights=None if weight is None else weight[of])
        np.testing.assert_allclose(table["count"][table["flavour"] == name], expected, atol=1e-12)


def test_missing_and_outlying_inputs_are_left_out():
    label = np.array([0, 0, 1, 2, 0])
    values = {"jet_pt": np.array([10.0, 299.0, 50.0, 301.0, 20.0])}
    missing = {"jet_pt": np.array([False, False, False, False, True])}
    table = input_histograms(values, missing, label, {"jet_pt": (0, 300)})
    assert table.groupby("flavour")["count"].sum().to_dict() == {"b": 2, "c": 1, "light": 0}
    filled = table[table["count"] > 0]
    assert filled["low"].to_list() == pytest.approx([6, 294, 48])


def test_an_empty_range_is_refused():
    with pytest.raises(InputError, match=r"jet_pt.*low < high"):
        input_histograms({}, {}, np.array([0]), {"jet_pt": (3, 3)})
