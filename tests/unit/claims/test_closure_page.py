"""Sections about calibrations: what stands where, and what is left out."""

import re

import numpy as np
import pandas as pd
import pytest
from tests.unit.evaluation.test_coverage import covered
from tests.unit.evaluation.test_frontier import DISCRIMINATORS, RATES, study
from tests.unit.evaluation.test_residuals import SOURCES, bins_of

from robustag.claims.closure import closure_sections
from robustag.evaluation.frontier import transports, uncertainties
from robustag.evaluation.residuals import residuals, residuals_in_bins
from robustag.evaluation.scale_factors import SMALLER, TOTAL

CHANGES = {
    "nominal": {"up": 0.08, "records": 0.01, "tails": -0.04},
    "steady": {"up": 0.04, "records": 0.02, "tails": -0.01},
}
OPTIONS = {"nominal": "nominal", "working_point": 0.01, "discriminators": DISCRIMINATORS}


def moved(metrics):
    """The same with outputs that every perturbation transports: by 0.5 and 0.2 of their variance of 2."""
    clean = metrics[(metrics["metric"] == "fixed_cut_efficiency") & (metrics["epsilon"] == 0)]
    rows = []
    for _, row in clean.iterrows():
        size = {"nominal": 1.0, "steady": 0.4}[row["model"]]
        for at, name, metric, value in (
            (0.0, "all", "output_spread", 2.0),
            *((1.0, flavour, "transport", size) for flavour in ("b", "c", "light")),
        ):
            scatter = value * (1 + (row["replicates"] - row["value"]))
            named = {"epsilon": at, "discriminator": name, "metric": metric, "working_point": np.nan}
            rows.append(dict(row) | named | {"value": value, "replicates": scatter})
    return pd.concat([metrics, pd.DataFrame(rows)], ignore_index=True)


@pytest.fixture(scope="module")
def tables():
    metrics = moved(study(CHANGES, dict.fromkeys(CHANGES, (0.93, 0.88))))
    asked = "nominal", ["steady"], DISCRIMINATORS, SOURCES, 2.0
    claimed = uncertainties(metrics, *asked, 0.2)
    return [
        residuals(metrics, claimed, *asked),
        residuals_in_bins(bins_of({"records": (0.02, 0.06)}), claimed, ["nominal"], DISCRIMINATORS, SOURCES),
        transports(metrics, "nominal", ["steady"], SOURCES, 2.0),
        covered(CHANGES, SOURCES),
    ]


def cells(lines, start):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith(start)]


def test_transport_is_in_units_of_the_spread_and_of_one_standard_deviation(tables):
    rows = tables[2].query("flavour == 'b'").set_index("source")
    # Of two standard deviations and of one: 0.5 (1/4 + 1) / 2; the total has the tails, too.
    assert rows.loc["resolution", "nominal"] == pytest.approx(0.3125, rel=1e-3)
    assert rows.loc[TOTAL, "nominal"] == pytest.approx(0.8125, rel=1e-3)
    assert rows.loc[TOTAL, "trained"] == pytest.approx(0.4 * 0.8125, rel=1e-3)
    assert set(rows["answer"]) == {SMALLER}


def test_transport_that_is_noise_has_no_part_in_the_total():
    metrics = moved(study(CHANGES, dict.fromkeys(CHANGES, (0.93, 0.88))))
    noisy = (metrics["metric"] == "transport") & (metrics["perturbation"] == "tails")
    noise = np.random.default_rng(1).normal(size=60)
    values = zip(metrics["value"], metrics["replicates"], noisy, strict=True)
    metrics["replicates"] = [value + noise if off else each for value, each, off in values]
    rows = transports(metrics, "nominal", ["steady"], SOURCES, 2.0).query("flavour == 'b'")
    rows = rows.set_index("source")
    assert rows["resolved"].to_dict() == {"resolution": True, "tails": False, TOTAL: True}
    assert rows.loc[TOTAL, "nominal"] == pytest.approx(0.3125, rel=1e-3)


def test_every_section_has_its_numbers(tables):
    lines = closure_sections(*tables, OPTIONS)
    text = "\n".join(lines)
    steady = cells(lines, "| steady ")
    # Of 0.04 and 0.01 the difference is left, of 0.02 and 0.02 nothing.
    numbers = re.findall(r"\d+\.\d+", steady[0][1])
    before, nothing, left, none, gain, _ = map(float, numbers)
    assert [before, nothing, left, none, gain] == pytest.approx([2.92, 2.0, 3.0, 0.0, 3.0], abs=0.06)
    assert "(**+" in steady[0][1]
    assert "| light mis-tag, BvL | nominal | 4.47" in " ".join(text.split())
    assert steady[1][1].startswith("812.50 → 325.0")
    assert text.count("### ") == len(RATES)
    claimed = cells(lines, "| nominal ")[0]
    assert claimed[1].startswith("4.9")
    assert "The smallest uncertainty is claimed by steady." in text


def test_what_a_study_does_not_have_is_left_out(tables):
    assert closure_sections(*(table.iloc[:0] for table in tables), OPTIONS) == []
    assert closure_sections(*(pd.DataFrame(columns=table.columns) for table in tables), OPTIONS) == []
    lines = closure_sections(tables[0].iloc[:0], tables[1].iloc[:0], tables[2], tables[3].iloc[:0], OPTIONS)
    assert [line for line in lines if line.startswith("#")] == ["## What the calibration moves"]
