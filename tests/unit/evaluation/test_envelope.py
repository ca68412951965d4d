"""The envelope and the file that correctionlib makes of it."""

import json

import correctionlib
import pandas as pd
import pytest

from robustag.evaluation.envelope import correction_set, envelope

# (perturbation, kind, epsilon) -> jets that pass of 100 in two bins of pT.
PASSED = {
    ("rising", "scenario", 0.0): (70, 60),
    ("rising", "scenario", 1.0): (75, 60),
    ("falling", "scenario", 0.0): (70, 60),
    ("falling", "scenario", 0.1): (70, 59),
    ("falling", "scenario", 0.2): (66, 50),
    ("small", "scenario", 0.0): (7, 6),
    ("small", "scenario", 1.0): (8, 6),
    ("fgsm", "attack", 0.0): (70, 60),
    ("fgsm", "attack", 0.1): (10, 10),
}


@pytest.fixture
def bins():
    rows = []
    for (perturbation, kind, epsilon), passed in PASSED.items():
        for seed in (1, 2):
            for metric, share in (("fixed_cut_efficiency", 1), ("fixed_cut_mistag", 0)):
                for low, high, number in ((20.0, 50.0, passed[0]), (50.0, 900.0, passed[1])):
                    rows.append(
                        {
                            "model": "m",
                            "seed": seed,
                            "kind": kind,
                            "perturbation": perturbation,
                            "epsilon": epsilon,
                            "discriminator": "BvL",
                            "metric": metric,
                            "working_point": 0.01,
                            "variable": "pt",
                            "bin_low": low,
                            "bin_high": high,
                            "passed": number * share,
                            "total": 10 if perturbation == "small" else 100,
                        }
                    )
    return pd.DataFrame(rows)


def values(table, systematic):
    rows = table[(table["metric"] == "fixed_cut_efficiency") & (table["systematic"] == systematic)]
    return rows.sort_values("bin_low")["value"].tolist()


def test_the_envelope_holds_the_largest_shifts_of_scenarios_at_full_strength(bins):
    table = envelope(bins, ["m"], ["BvL"])
    assert values(table, "central") == pytest.approx([0.7, 0.6])
    assert values(table, "down") == pytest.approx([0.66, 0.5])
    # Of a tenth of the jets, against the same tenth.
    assert values(table, "up") == pytest.approx([0.8, 0.6])
    assert values(table, "statistical_up") == pytest.approx(
        [0.7 + (0.21 / 100) ** 0.5, 0.6 + (0.24 / 100) ** 0.5]
    )
    assert "fgsm" not in set(table["systematic"])


def test_correctionlib_gives_the_table_back(bins, tmp_path):
    table = envelope(bins, ["m"], ["BvL"])
    path = tmp_path / "envelope.json"
    path.write_text(json.dumps(correction_set(table, "test")))
    loaded = correctionlib.CorrectionSet.from_file(str(path))
    assert set(loaded) == {"m_BvL_efficiency", "m_BvL_mistag"}
    rate = loaded["m_BvL_efficiency"]
    assert rate.evaluate("central", "0.01", 30.0) == pytest.approx(0.7)
    assert rate.evaluate("down", "0.01", 60.0) == pytest.approx(0.5)
    assert rate.evaluate("up", "0.01", 5000.0) == pytest.approx(0.6)
    assert loaded["m_BvL_mistag"].evaluate("up", "0.01", 30.0) == 0
    with pytest.raises(IndexError):
        rate.evaluate("sideways", "0.01", 30.0)


def test_a_bin_without_jets_takes_all_bins(bins):
    bins.loc[bins["bin_low"] == 50.0, ["passed", "total"]] = 0
    assert values(envelope(bins, ["m"], ["BvL"]), "down") == pytest.approx([0.66, 0.66])
