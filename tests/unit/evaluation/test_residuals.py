"""Calibrations of one mistake under another: closed forms over all pT, in bins, and the noise of squares."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.evaluation.test_frontier import RATES, study

from robustag.evaluation.frontier import uncertainties
from robustag.evaluation.residuals import (
    ALIKE_SOURCE,
    BINNED,
    ITSELF,
    OTHER_SOURCE,
    WHOLE,
    calibrations,
    residuals,
    residuals_in_bins,
)
from robustag.evaluation.scale_factors import LARGER, SMALLER
from robustag.evaluation.significance import ALIKE, UNKNOWN
from robustag.mismodelling.sources import Source

SOURCES = {
    "up": Source("resolution", "detector", 2.0),
    "records": Source("resolution", "detector", 1.0),
    "tails": Source("tails", "detector", -1.0),
}
CHANGES = {
    # For one standard deviation 0.04, 0.01 and 0.02.
    "nominal": {"up": 0.08, "records": 0.01, "tails": -0.02},
    "steady": {"up": 0.04, "records": 0.02, "tails": -0.02},
    "worse": {"up": 0.24, "records": 0.01, "tails": -0.02},
}


def compared(changes=CHANGES, **options):
    models = [name for name in changes if name != "nominal"]
    metrics = study(changes, dict.fromkeys(changes, (0.93, 0.88)), **options)
    asked = "nominal", models, ["BvL", "BvC"], SOURCES, 2.0
    return residuals(metrics, uncertainties(metrics, *asked, 0.2), *asked)


def test_pairs_are_of_one_source_or_of_two():
    names = list(SOURCES)
    assert calibrations(names, SOURCES, ITSELF) == [(name, name) for name in names]
    assert calibrations(names, SOURCES, ALIKE_SOURCE) == [("up", "records"), ("records", "up")]
    assert set(calibrations(names, SOURCES, OTHER_SOURCE)) == {
        (data, truth) for data in names for truth in names if "tails" in (data, truth) and data != truth
    }


def test_what_is_left_is_the_difference_of_the_scale_factors():
    rows = compared().query("discriminator == 'BvL' and metric == 'fixed_cut_mistag'")
    alike = rows[rows["derived"] == ALIKE_SOURCE].set_index("model")
    assert alike["pairs"].to_list() == [2, 2]
    assert alike["nominal"].to_list() == pytest.approx([0.03] * 2, abs=5e-4)
    assert alike.loc["steady", "trained"] == pytest.approx(0.0, abs=5e-4)
    assert alike.loc["worse", "trained"] == pytest.approx(0.11, abs=5e-4)
    assert alike.loc["steady", "nominal_before"] == pytest.approx(np.sqrt((0.04**2 + 0.01**2) / 2), abs=5e-4)
    assert alike["answer"].to_list() == [SMALLER, LARGER]
    other = rows[rows["derived"] == OTHER_SOURCE].set_index("model")
    # Both ways of (0.04, 0.02) and (0.01, 0.02).
    assert other.loc["steady", "nominal"] == pytest.approx(np.sqrt((0.02**2 + 0.01**2) / 2), abs=5e-4)
    assert other.loc["steady", "trained"] == pytest.approx(0.0, abs=1e-3)


def test_every_rate_of_every_model_is_in_the_table():
    table = compared()
    assert {(row.discriminator, row.metric) for row in table.itertuples()} == set(RATES)
    assert len(table) == len(RATES) * 2 * 2
    assert table["flavour"].nunique() == 3


def test_noise_is_no_residual():
    """Two perturbations of one effect, measured with errors: what is left is no square on average."""
    # 0.04 for one standard deviation, many errors.
    changes = {name: {"up": 0.08, "records": 0.04, "tails": 0.0} for name in ("nominal", "same")}
    tables = [compared(changes, seed=seed, scatter=2e-3) for seed in range(12)]
    noise = pd.concat(tables).query("derived == @ALIKE_SOURCE")
    # As measured it would be sqrt(2 / 3) 2e-3 / 0.5 sqrt(1 + 1 / 4) = 3.7e-3.
    assert np.sqrt(np.mean(noise["nominal"] ** 2)) < 2.7e-3
    assert sum((table["answer"] != ALIKE).any() for table in tables) < 4


def test_sources_without_an_effect_have_no_part():
    changes = {name: {"up": 0.08, "records": 0.04, "tails": 0.0} for name in ("nominal", "same")}
    assert set(compared(changes, scatter=2e-3)["derived"]) == {ALIKE_SOURCE}
    nothing = {name: dict.fromkeys(SOURCES, 0.0) for name in ("nominal", "same")}
    assert compared(nothing, scatter=1e-3, seed=9).empty


def test_trainings_that_were_not_repeated_say_nothing():
    assert set(compared(seeds=(1,))["answer"]) == {UNKNOWN}


def test_a_study_without_pairs_has_an_empty_table():
    alone = {"up": SOURCES["up"]}
    metrics = study(CHANGES, dict.fromkeys(CHANGES, (0.93, 0.88)))
    asked = "nominal", ["steady"], ["BvL", "BvC"], alone, 2.0
    table = residuals(metrics, uncertainties(metrics, *asked, 0.2), *asked)
    assert table.empty
    assert {"derived", "nominal", "p", "answer"} <= set(table.columns)


#: Every source matters, whatever the counts say.
RESOLVED = pd.DataFrame(
    {
        **{"discriminator": "BvL", "metric": "fixed_cut_mistag", "working_point": 0.01},
        **{"source": ["resolution", "tails"], "resolved": True},
    }
)
EDGES = [20.0, 50.0, 100.0]
JETS = 10**9


def bins_of(changes, jets=(JETS, JETS), raw=0.5, crossing=0.0):
    """Counts in two bins of pT: perturbation -> relative change in each; exact for so many jets."""
    rows = []
    for name, of_bins in changes.items():
        for epsilon in (0.0, 1.0):
            for edge, change in enumerate(of_bins):
                moved = jets[edge] * raw * epsilon
                rows.append(
                    {
                        **{"model": "nominal", "seed": 1, "kind": "scenario", "perturbation": name},
                        **{"epsilon": epsilon, "discriminator": "BvL", "metric": "fixed_cut_mistag"},
                        **{"working_point": 0.01, "variable": "pt"},
                        **{"bin_low": EDGES[edge], "bin_high": EDGES[edge + 1], "total": jets[edge]},
                        "passed": round(jets[edge] * raw * (1 + epsilon * change)),
                        "gained": round(moved * (max(change, 0.0) + crossing)),
                        "lost": round(moved * (max(-change, 0.0) + crossing)),
                    }
                )
    return pd.DataFrame(rows)


def in_bins(bins):
    table = residuals_in_bins(bins, RESOLVED, ["nominal"], ["BvL"], SOURCES)
    return table.set_index(["derived", "factors", "bin_low"]).sort_index()


def test_factors_of_one_mistake_leave_nothing_of_it_where_they_were_made():
    table = in_bins(bins_of({"up": (0.08, 0.08), "records": (0.04, 0.04), "tails": (-0.02, -0.02)}))
    assert table.loc[(ITSELF, WHOLE), "residual"].to_list() == pytest.approx([0.0] * 3, abs=1e-4)
    assert table.loc[(ALIKE_SOURCE, BINNED), "residual"].to_list() == pytest.approx([0.0] * 3, abs=1e-4)
    assert table.loc[(ALIKE_SOURCE, BINNED), "before"].to_list() == pytest.approx([0.04] * 3, abs=1e-4)


def test_one_factor_is_wrong_for_jets_of_another_spectrum():
    """A change that grows with pT: right on average, wrong by half of the difference in each bin."""
    table = in_bins(bins_of({"records": (0.02, 0.06)}))
    assert table.loc[(ITSELF, WHOLE), "residual"].to_numpy() == pytest.approx([0.02] * 3, abs=1e-4)
    # Three quarters of the tagged jets are in the first bin: their factor is 1.03.
    table = in_bins(bins_of({"records": (0.02, 0.06)}, jets=(3 * JETS, JETS)))
    left = table.loc[(ITSELF, WHOLE), "residual"]
    assert left[EDGES[0]] == pytest.approx(0.01, abs=1e-4)
    assert left[EDGES[1]] == pytest.approx(0.03, abs=1e-4)
    assert left.iloc[-1] == pytest.approx(np.sqrt(0.75 * 0.01**2 + 0.25 * 0.03**2), abs=1e-4)


def test_factors_in_bins_are_those_of_each_bin():
    table = in_bins(bins_of({"records": (0.02, 0.06), "tails": (-0.03, -0.01)}))
    left = table.loc[(OTHER_SOURCE, BINNED), "residual"]
    # Per standard deviation of tails: 0.03 and 0.01.
    assert left.to_list() == pytest.approx([0.01, 0.05, np.sqrt((0.01**2 + 0.05**2) / 2)], abs=1e-4)
    whole = table.loc[(OTHER_SOURCE, WHOLE), "residual"]
    # Factors of 1.04 and 1.02 in a world of 0.03 and 0.02, then of 0.01 and 0.06.
    assert whole.iloc[0] == pytest.approx(np.sqrt((0.01**2 + 0.0**2) / 2), abs=1e-4)
    assert whole.iloc[1] == pytest.approx(np.sqrt((0.03**2 + 0.04**2) / 2), abs=1e-4)


def test_noise_of_counts_is_taken_away_and_makes_the_error():
    """Jets that cross a cut in both directions: 1 % of change in 1000 tagged jets of 4 % noise."""
    generator = np.random.default_rng(2)
    squares, errors, measured = [], [], []
    for _ in range(300):
        bins = bins_of({"records": (0.01, 0.01)}, jets=(2000, 2000), crossing=0.8)
        varied = bins["epsilon"] == 1.0
        bins.loc[varied, "passed"] += generator.normal(scale=np.sqrt(1610), size=2).round()
        row = in_bins(bins).loc[(ITSELF, WHOLE)]
        squares.append(row["residual"].iloc[0] ** 2)
        errors.append(row["error"].iloc[0])
        measured.append(row["measured"].iloc[0] ** 2)
    # A bin departs from the mean of two by noise alone; the mean of max(z^2 - 1, 0) is 0.484.
    variance = 1610 / 1000**2 / 2
    assert np.mean(squares) == pytest.approx(0.484 * variance, rel=0.3)
    assert np.mean(measured) == pytest.approx(variance, rel=0.2)
    assert np.median(errors) == pytest.approx(np.sqrt(variance), rel=0.1)
