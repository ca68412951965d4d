"""Uncertainties of scale factors: closed forms, toys with and without effects, what correctionlib reads."""

import json
from itertools import pairwise

import correctionlib
import numpy as np
import pandas as pd
import pytest

from robustag.evaluation.scale_factors import (
    LARGER,
    SMALLER,
    TOTAL,
    compare,
    correction_set,
    correlations,
    flavour_of,
    in_bins,
    shown_rates,
)
from robustag.evaluation.significance import ALIKE, UNKNOWN
from robustag.mismodelling.sources import Source

PAIRS = [{"label": "clean", "nominal": "nominal", "adversarial": "adversarial"}]
RAW = 0.5
REPLICATES = 60


def metrics_of(changes, generator, noise=0.0, own=0.0, seeds=(1, 2)):
    """The metrics table of one rate: model -> perturbation -> relative change.

    `noise` is common to both models, `own` of each alone. Replicates scatter as the values do.
    """
    rows = []
    common = {
        name: noise * generator.standard_normal(REPLICATES + 1)
        for name in dict.fromkeys(name for of_model in changes.values() for name in of_model)
    }
    for model, of_model in changes.items():
        for name, change in of_model.items():
            scatter = common[name] + own * generator.standard_normal(REPLICATES + 1)
            for seed in seeds:
                for epsilon in (0.0, 1.0):
                    values = RAW * (1.0 + epsilon * (change + scatter))
                    rows.append(
                        {
                            **{"model": model, "seed": seed, "kind": "scenario", "perturbation": name},
                            **{"epsilon": epsilon, "discriminator": "BvL", "metric": "fixed_cut_efficiency"},
                            "working_point": 0.01,
                            "value": values[0],
                            # Scattered around the value, as a bootstrap does.
                            "replicates": values[0] + values[1:] - RAW * (1.0 + epsilon * change),
                        }
                    )
    return pd.DataFrame(rows)


def compared(metrics, sources):
    return compare(metrics, PAIRS, ["BvL"], sources, 2.0).set_index("source")


@pytest.fixture
def generator():
    return np.random.default_rng(20220325)


def test_changes_are_scaled_to_one_sigma_and_added_in_quadrature(generator):
    sources = {
        "up": Source("scale", "detector", 2.0),
        "down": Source("scale", "detector", -1.0),
        "tails": Source("tails", "generator", 1.0),
    }
    changes = {"up": 0.06, "down": -0.05, "tails": 0.02}
    halved = {name: change / 2 for name, change in changes.items()}
    table = compared(
        metrics_of({"nominal": changes, "adversarial": halved}, generator, noise=1e-5, own=1e-5), sources
    )
    scale = np.sqrt((0.03**2 + 0.05**2) / 2)
    assert table.loc["scale", "nominal"] == pytest.approx(scale, rel=1e-3)
    assert table.loc["tails", "adversarial"] == pytest.approx(0.01, rel=1e-2)
    assert table.loc[TOTAL, "nominal"] == pytest.approx(np.hypot(scale, 0.02), rel=1e-3)
    assert table.loc[TOTAL, "difference"] == pytest.approx(np.hypot(scale, 0.02) / 2, rel=1e-2)
    assert set(table["answer"]) == {SMALLER}
    assert table["resolved"].all()


def test_the_error_of_one_source_is_that_of_its_change(generator):
    changes = {"tails": 0.05}
    metrics = metrics_of({"nominal": changes, "adversarial": changes}, generator, noise=0.01)
    table = compared(metrics, {"tails": Source("tails", "detector", 0.5)})
    changed = metrics[(metrics["model"] == "nominal") & (metrics["epsilon"] == 1.0)]["replicates"].iloc[0]
    assert table.loc["tails", "nominal_error"] == pytest.approx(changed.std(ddof=1) / RAW / 0.5, rel=1e-6)
    # What is common to both models cancels in their difference.
    assert table.loc["tails", "difference_error"] == pytest.approx(0.0, abs=1e-9)


def test_sources_without_effect_make_no_total(generator):
    """Toys: a dozen sources that scatter and do nothing, alone and beside one that does."""
    names = [f"nothing_{number}" for number in range(12)]
    sources = {name: Source(name, "detector", 1.0) for name in [*names, "resolution"]}
    noise = 0.01
    nothing, beside = [], []
    for _ in range(20):
        changes = dict.fromkeys(names, 0.0)
        metrics = metrics_of({"nominal": changes, "adversarial": changes}, generator, noise)
        nothing.append(compared(metrics, sources).loc[TOTAL, "nominal"])
        changes["resolution"] = 0.06
        metrics = metrics_of({"nominal": changes, "adversarial": changes}, generator, noise)
        beside.append(compared(metrics, sources).loc[TOTAL, "nominal"])
    # Added as they come they would make sqrt(12) errors, and with the effect 0.069.
    assert np.median(nothing) < 0.8 * np.sqrt(12) * noise
    assert np.mean(beside) == pytest.approx(0.06, abs=0.006)


def test_a_difference_without_any_is_seldom_significant_and_a_planted_one_is_found(generator):
    sources = {name: Source(name, "detector", 1.0) for name in ("resolution", "efficiency")}
    changes = {"resolution": 0.05, "efficiency": -0.03}
    answers = {factor: [] for factor in (1.0, 0.7, 1.3)}
    for _ in range(40):
        for factor, found in answers.items():
            models = {
                "nominal": changes,
                "adversarial": {name: factor * change for name, change in changes.items()},
            }
            metrics = metrics_of(models, generator, noise=0.005, own=0.002)
            found.append(compared(metrics, sources).loc[TOTAL, "answer"])
    # Two errors leave 4.6 % of normal numbers outside: more than six of 40 are one case in a thousand.
    assert answers[1.0].count(ALIKE) >= 34
    assert answers[0.7].count(SMALLER) >= 38
    assert answers[1.3].count(LARGER) >= 38


def test_a_rate_that_does_not_exist_is_unknown(generator):
    metrics = metrics_of({"nominal": {"tails": 0.1}, "adversarial": {"tails": 0.1}}, generator, 0.01)
    metrics.loc[metrics["model"] == "nominal", "value"] = 0.0
    table = compared(metrics, {"tails": Source("tails", "detector", 1.0)})
    assert table.loc["tails", "answer"] == UNKNOWN
    assert not table.loc["tails", "resolved"]
    assert table.loc[TOTAL, ["nominal", "adversarial", "answer"]].tolist() == [0.0, 0.0, ALIKE]


def test_attacks_and_other_scenarios_do_not_enter(generator):
    changes = {"tails": 0.1, "more_charm": 0.4}
    metrics = metrics_of({"nominal": changes, "adversarial": changes}, generator, 0.001)
    attack = metrics[metrics["perturbation"] == "tails"].assign(kind="attack", perturbation="fgsm")
    sources = {name: Source(name, "detector", 1.0) for name in ("tails", "fgsm")}
    assert list(compared(pd.concat([metrics, attack]), sources).index) == ["tails", TOTAL]


def test_the_rates_of_a_tagger_are_one_of_each_flavour():
    rates = shown_rates(["BvL", "CvL", "BvC", "CvB"])
    assert rates == [
        ("BvL", "fixed_cut_efficiency"),
        ("BvC", "fixed_cut_mistag"),
        ("BvL", "fixed_cut_mistag"),
    ]
    assert [flavour_of(*rate) for rate in rates] == [0, 1, 2]
    assert shown_rates(["CvB"]) == [("CvB", "fixed_cut_efficiency"), ("CvB", "fixed_cut_mistag")]


EDGES = (20.0, 50.0, 120.0, 900.0)
SOURCES = {
    "wave": Source("alignment", "detector", -2.0),
    "other": Source("other", "generator", 1.0),
    "noise": Source("noise", "detector", 1.0),
}
# Perturbation -> jets that pass of 1000 in each bin, of 500 of these before; and how many are lost.
PASSED = {"wave": ((600, 550, 500), 10), "other": ((450, 500, 650), None), "noise": ((501, 499, 500), 40)}
RESOLVED = {"alignment": True, "other": True, "noise": False, TOTAL: True}


@pytest.fixture
def bins():
    rows = []
    for name, (passed, lost) in PASSED.items():
        for seed in (1, 2):
            for (low, high), after in zip(pairwise(EDGES), passed, strict=True):
                for epsilon, number in ((0.0, 500), (1.0, after)):
                    known = lost is not None
                    gone = (lost if epsilon else 0) if known else pd.NA
                    rows.append(
                        {
                            **{"model": "nominal", "seed": seed, "kind": "scenario", "perturbation": name},
                            **{"epsilon": epsilon, "discriminator": "BvL", "metric": "fixed_cut_efficiency"},
                            **{"working_point": 0.01, "variable": "pt", "bin_low": low, "bin_high": high},
                            **{"passed": number, "total": 1000, "lost": gone},
                            "gained": number - 500 + gone if known else pd.NA,
                        }
                    )
    table = pd.DataFrame(rows).astype({"gained": "Int64", "lost": "Int64"})
    return pd.concat([table, table.assign(model="adversarial")], ignore_index=True)


@pytest.fixture
def judged():
    """What `compare` says is resolved."""
    rows = [
        {
            **{"pair": "clean", "discriminator": "BvL", "metric": "fixed_cut_efficiency"},
            **{"working_point": 0.01, "source": source, "resolved": resolved},
        }
        for source, resolved in RESOLVED.items()
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def binned(bins, judged):
    table = in_bins(bins, judged, PAIRS, SOURCES)
    return table[table["model"] == "nominal"].set_index(["source", "bin_low"]).sort_index()


def test_bins_have_signed_uncertainties_and_paired_errors(binned):
    alignment = binned.loc["alignment"]
    # 110 gained and 10 lost of 500 clean jets: r sqrt((g + l) / (k k')), over two standard deviations.
    error = 1.2 * np.sqrt(120 / (500 * 600)) / 2
    assert alignment.loc[20.0, "error"] == pytest.approx(error)
    assert alignment.loc[20.0, "uncertainty"] == pytest.approx(-np.sqrt(0.1**2 - error**2))
    # Two independent samples: a binomial error of each, 0.3 and 1.3 times as many.
    error = np.sqrt(1.3**2 * 0.5 / 500 + 1.3**2 * 0.35 / 650)
    assert binned.loc["other"].loc[120.0, "error"] == pytest.approx(error)
    assert binned.loc["noise"]["uncertainty"].tolist() == [0.0, 0.0, 0.0]
    total = np.hypot(alignment["uncertainty"], binned.loc["other"]["uncertainty"])
    assert binned.loc[TOTAL]["uncertainty"].tolist() == pytest.approx(total.tolist())
    assert binned["rate"].tolist() == [0.5] * len(binned)


def test_a_bin_without_passing_jets_takes_all_bins(bins, judged, binned):
    last = bins["bin_low"] == 120.0
    bins.loc[last & (bins["epsilon"] == 0), "passed"] = 0
    table = in_bins(bins, judged, PAIRS, SOURCES).set_index(["model", "source", "bin_low"]).sort_index()
    found = table.loc["nominal", "other"]["uncertainty"]
    # 1600 of 3000 pass instead of 1000.
    assert abs(found[120.0]) == pytest.approx(0.6, abs=0.01)
    assert found[20.0] == binned.loc["other"].loc[20.0, "uncertainty"]


def test_sources_correlate_bins_by_their_signs(bins, judged):
    table = in_bins(bins, judged, PAIRS, SOURCES)
    matrix = correlations(table)
    matrix = matrix[matrix["model"] == "nominal"].pivot(index="bin", columns="other", values="correlation")
    assert np.diag(matrix) == pytest.approx([1.0, 1.0, 1.0])
    size = table[table["model"] == "nominal"].pivot(index="bin_low", columns="source", values="uncertainty")
    expected = (
        size.loc[20.0, "alignment"] * size.loc[50.0, "alignment"]
        + size.loc[20.0, "other"] * size.loc[50.0, "other"]
    ) / (size.loc[20.0, TOTAL] * size.loc[50.0, TOTAL])
    assert matrix.loc[20.0, 50.0] == pytest.approx(expected)
    # Alignment rules the first bin, the other source the last, with the other sign in the first.
    assert matrix.loc[20.0, 120.0] < 0


def test_correctionlib_gives_the_table_back(bins, judged, binned, tmp_path):
    path = tmp_path / "scale_factors.json"
    path.write_text(json.dumps(correction_set(in_bins(bins, judged, PAIRS, SOURCES), "test")))
    loaded = correctionlib.CorrectionSet.from_file(str(path))
    assert set(loaded) == {
        f"{model}_BvL_efficiency{end}"
        for model in ("nominal", "adversarial")
        for end in ("", "_scale_factor")
    }
    assert loaded["nominal_BvL_efficiency"].evaluate("0.01", 30.0) == 0.5
    factor = loaded["nominal_BvL_efficiency_scale_factor"]
    assert factor.evaluate("central", "0.01", 30.0) == 1.0
    total = binned.loc[TOTAL]["uncertainty"]
    assert factor.evaluate("up", "0.01", 5000.0) == pytest.approx(1 + total[120.0])
    assert factor.evaluate("down", "0.01", 30.0) == pytest.approx(1 - total[20.0])
    alignment = binned.loc["alignment"]["uncertainty"]
    assert factor.evaluate("up_alignment", "0.01", 30.0) == pytest.approx(1 + alignment[20.0])
    assert factor.evaluate("down_alignment", "0.01", 30.0) == pytest.approx(1 - alignment[20.0])
    statistical = np.sqrt(0.25 / 1000) / 0.5
    assert factor.evaluate("up_statistical", "0.01", 30.0) == pytest.approx(1 + statistical)
    with pytest.raises(IndexError):
        factor.evaluate("sideways", "0.01", 30.0)
