"""The page about data and simulation answers in words that its numbers allow."""

import json

import numpy as np
import pandas as pd
import pytest

from robustag.claims.data import data_document, data_page, summary_lines
from robustag.evaluation.data_verdicts import BETTER, WORSE
from robustag.evaluation.significance import ALIKE, UNKNOWN

PAIRS = [{"label": "clean", "nominal": "n", "adversarial": "a"}]


def verdicts(answer, bins=((20.0, 900.0), (20.0, 50.0))):
    rows = []
    for low, high in bins:
        for name, found in (("BvL", answer), ("CvL", ALIKE)):
            rows.append(
                {
                    **{"pair": "clean", "discriminator": name, "bin_low": low, "bin_high": high},
                    **{"data": 500.0, "simulation": 900.4, "nominal": 0.02, "nominal_error": 0.001},
                    **{"adversarial": 0.012, "adversarial_error": np.nan, "difference": 0.008},
                    **{"difference_error": 0.002, "nominal_chi2": 2.5, "adversarial_chi2": 1.5},
                    **{"p": np.nan, "verdict": found},
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture
def agreement():
    row = {"model": "", "seed": 0, "quantity": "jet_pt", "bin_low": 20.0, "bin_high": 900.0, "data": 500.0}
    numbers = {"simulation": 900.0, "js": 0.03, "floor": 0.01, "chi2": 80.0, "ndf": 40}
    return pd.DataFrame([{**row, **numbers, "replicates": np.array([0.039, 0.041], np.float32)}])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (BETTER, "**agrees better** than the nominal one"),
        (WORSE, "**agrees worse** than the nominal one"),
        (ALIKE, "shows **no significant difference** to the nominal one"),
        (UNKNOWN, "may agree better or worse: models were trained once"),
    ],
)
def test_each_discriminator_has_its_answer(agreement, answer, words):
    page = data_page(verdicts(answer), agreement, "mine", ["run1", "run2"], PAIRS)
    lines = page.splitlines()
    assert f"* BvL: the adversarially trained tagger {words} (difference 8.00 ± 2.00 · 10^-3 nats)." in lines
    assert sum(line.startswith("* ") for line in lines) == 2
    assert "There are 500 jets of data (run1, run2); simulation is as good as 900 simulated" in page
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "20-50" in line]
    assert cells[0][1:] == ["20-50", "500", "20.00 ± 1.00", "-", "8.00 ± 2.00", "2.50 → 1.50", answer]
    (of_input,) = [line for line in lines if line.startswith("| jet_pt")]
    assert [cell.strip() for cell in of_input.strip("|").split("|")][1:] == [
        "20.00 ± 1.41",
        "10.00",
        "2.00 (40)",
    ]


def test_without_inputs_or_bins_their_parts_are_left_out(agreement):
    page = data_page(verdicts(ALIKE, [(20.0, 900.0)]), agreement[:0], "mine", ["run1"], PAIRS)
    assert "## Inputs" not in page
    assert "In bins of pT" not in page


def test_the_summary_names_verdicts_and_the_page():
    lines = summary_lines(verdicts(BETTER))
    assert lines[0] == f"* clean, adversarial beside nominal: BvL {BETTER}, CvL {ALIKE}."
    assert lines[-1].endswith("data.md.")


def test_the_document_has_the_rows_of_both_tables(agreement):
    document = json.loads(
        json.dumps(data_document(verdicts(BETTER), agreement, "mine", ["run1"]), allow_nan=False)
    )
    assert (document["study"], document["samples"]) == ("mine", ["run1"])
    assert document["verdicts"][0]["verdict"] == BETTER
    assert document["verdicts"][0]["p"] is None
    assert document["inputs"] == [
        {"quantity": "jet_pt", "bin_low": 20.0, "bin_high": 900.0, "data": 500.0, "simulation": 900.0}
        | {"js": 0.03, "floor": 0.01, "chi2": 80.0, "ndf": 40}
    ]
