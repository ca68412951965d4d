import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from robustag.surface.statistics import rank_correlations, summarise_jets


@pytest.fixture
def jets():
    generator = np.random.default_rng(1)
    quantities = pd.DataFrame({"steep": generator.lognormal(size=301), "odd": generator.normal(size=301)})
    quantities.loc[::10, "odd"] = np.nan
    weights = generator.poisson(1.0, size=(301, 51)).astype(np.uint8)
    weights[:, 0] = 1
    return quantities, np.arange(301) % 3, weights


def row(table, **wanted):
    (found,) = (r for r in table.to_dict("records") if all(r[k] == v for k, v in wanted.items()))
    return found


def test_values_and_replicates_are_those_of_repeated_jets(jets):
    """A jet of weight w counts w times."""
    quantities, label, weights = jets
    result = summarise_jets(quantities, label, weights)
    for flavour, chosen in (("b", label == 0), ("light", label == 2), ("all", label >= 0)):
        for statistic in quantities:
            values = quantities[statistic].to_numpy()
            rows = chosen & ~np.isnan(values)
            for summary, measure in (("mean", np.mean), ("median", np.median)):
                found = row(result, flavour=flavour, statistic=statistic, summary=summary)
                assert found["n"] == rows.sum()
                assert found["value"] == pytest.approx(measure(values[rows]))
                repeated = [np.repeat(values[rows], w[rows]) for w in weights.T[1:]]
                # An even number of jets has its lower median here, not the mean of two.
                expected = [
                    np.sort(v)[(len(v) - 1) // 2] if summary == "median" else v.mean() for v in repeated
                ]
                np.testing.assert_allclose(found["replicates"], expected, rtol=1e-5)
                assert found["low"] <= np.median(found["replicates"]) <= found["high"]


def test_infinite_values_have_a_median_and_no_mean(jets):
    quantities, label, weights = jets
    quantities.loc[:20, "steep"] = np.inf
    result = summarise_jets(quantities[["steep"]], label, weights)
    medians, means = (result[result["summary"] == name] for name in ("median", "mean"))
    assert np.isfinite(medians["value"]).all()
    assert means["value"].isna().all()


def test_rank_correlation_is_spearmans_without_misread_jets(jets):
    quantities, label, weights = jets
    distance = np.maximum(1 / quantities["steep"].to_numpy() - 0.5, 0)
    distance[1] = np.inf
    result = rank_correlations(quantities, distance, label, weights)
    for flavour, name in enumerate(("b", "c", "light")):
        for statistic in quantities:
            values = quantities[statistic].to_numpy()
            chosen = (label == flavour) & (distance > 0) & ~np.isnan(values)
            found = row(result, flavour=name, statistic=statistic)
            assert found["value"] == pytest.approx(spearmanr(values[chosen], distance[chosen])[0])
            assert found["n"] == chosen.sum()
            assert found["low"] - 1e-6 <= found["value"] <= found["high"] + 1e-6
    assert (result.loc[result["statistic"] == "steep", "value"] < -0.9).all()


@pytest.mark.parametrize("unit", [1, 0.25])
def test_a_jet_of_weight_two_is_two_jets_in_medians_and_means(jets, unit):
    quantities, label, weights = jets
    own = np.random.default_rng(4).integers(0, 4, len(label))
    weighted = summarise_jets(quantities, label, (unit * weights * own[:, None]).astype(np.float32))
    copies = np.repeat(np.arange(len(label)), own)
    quantities, label, weights = quantities.iloc[copies], label[copies], weights[copies]
    copied = summarise_jets(quantities, label, weights)
    np.testing.assert_allclose(weighted["value"], copied["value"], rtol=1e-6)
    found, expected = (np.stack(table["replicates"].to_list()) for table in (weighted, copied))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert (weighted["n"] < copied["n"]).all()


def test_medians_of_signed_weights_are_where_half_is_first_reached():
    quantities = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    weights = np.array([[2.0, 1], [-2, 1], [1, 1], [3, 1]], np.float32)
    result = summarise_jets(quantities, np.zeros(4, int), weights)
    found = row(result, flavour="b", statistic="x", summary="median")
    assert found["value"] == 1.0 / 2 + 4.0 / 2, "half of 4 is reached at 1, and passed at 4"
    assert row(result, flavour="b", statistic="x", summary="mean")["value"] == (2 - 4 + 3 + 12) / 4
