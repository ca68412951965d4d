"""The page about calibration uncertainties answers in words that its numbers allow."""

import pandas as pd
import pytest

from robustag.claims.scale_factors import scale_factor_page
from robustag.evaluation.scale_factors import LARGER, SMALLER, TOTAL
from robustag.evaluation.significance import ALIKE, UNKNOWN

OPTIONS = {
    "discriminators": ["BvL", "BvC"],
    "pairs": [{"label": "clean", "nominal": "clean_nominal", "adversarial": "clean_fgsm"}],
}
RATES = (("BvL", "fixed_cut_efficiency"), ("BvC", "fixed_cut_mistag"), ("BvL", "fixed_cut_mistag"))
SOURCES = (("tails", 0.02, False), ("resolution", 0.03, True), (TOTAL, 0.05, True))


def page(answers, point=0.01, any_resolved=True, others=ALIKE, error=0.001):
    """Of a study with these answers for b, c and light jets at one working point."""
    rows = []
    for working_point in (0.1, 0.01, 0.001):
        for rate, answer in zip(RATES, answers, strict=True):
            for source, size, resolved in SOURCES:
                rows.append(
                    {
                        **{"pair": "clean", "discriminator": rate[0], "metric": rate[1]},
                        **{"working_point": working_point, "source": source},
                        "resolved": resolved and any_resolved,
                        **{"nominal": size, "adversarial": size / 2, "difference": size / 2},
                        "difference_error": error,
                        "answer": answer if working_point == point and source == TOTAL else others,
                    }
                )
    return scale_factor_page(pd.DataFrame(rows), "mine", OPTIONS, [0.1, 0.001, 0.01])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (SMALLER, "makes it smaller"),
        (LARGER, "makes it larger"),
        (ALIKE, "makes no significant difference"),
        (UNKNOWN, "may do anything: models were trained once"),
    ],
)
def test_each_flavour_has_the_answer_of_its_total(answer, words):
    lines = page((ALIKE, ALIKE, answer)).splitlines()
    for rate, found in (("b efficiency", "makes no significant difference"), ("light mis-tag", words)):
        assert f"* {rate}, BvL: adversarial training **{found}** (5.00 % → 2.50 %)." in lines


def test_without_any_effect_there_is_nothing_to_compare():
    text = page((ALIKE, ALIKE, ALIKE), any_resolved=False)
    assert "* c mis-tag, BvC: no source has a significant effect." in text.splitlines()
    assert "makes no" not in text


def test_the_answer_is_that_of_the_medium_working_point():
    assert "makes it" not in page((SMALLER, SMALLER, SMALLER), point=0.001)


def test_sources_come_by_size_and_those_without_effect_in_brackets():
    rows = [line for line in page((SMALLER, ALIKE, ALIKE)).splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    names = [row[0] for row in cells]
    assert [name for name in names if not name.startswith("---")] == [
        *("source", "resolution", "tails", TOTAL),
        *("mis-tag rate", "0.1", "0.01", "0.001"),
    ]
    tails = cells[names.index("tails")]
    assert tails[1:3] == ["(2.00 → 1.00)", "(+1.00 ± 0.10)"]
    total = cells[names.index(TOTAL)]
    assert total[1:5] == ["5.00 → 2.50", "**+2.50 ± 0.10**", "5.00 → 2.50", "+2.50 ± 0.10"]


def test_a_number_that_does_not_exist_is_a_dash():
    rows = [
        line
        for line in page((ALIKE, ALIKE, ALIKE), others=UNKNOWN, error=float("nan")).splitlines()
        if line.startswith("| tails")
    ]
    assert [cell.strip() for cell in rows[0].strip("|").split("|")] == ["tails", *6 * ["-"]]
