"""What stands in the figure of harm against the jets that show it."""

import math

import pandas as pd
import pytest

from robustag.plotting.mismodelling.undetected import draw_undetected, undetected_table
from robustag.plotting.options import Pair

PAIRS = [Pair("clean", "plain", "hardened")]


@pytest.fixture
def undetected():
    rows = []
    for model in ("plain", "hardened", "of another study"):
        for kind, name, epsilon in (("attack", "fgsm", 0.05), ("scenario", "blur", 1.0)):
            for sample, by, jets, low in (
                ("all", "input", 100.0, 90.0),
                ("all", "any", 100.0 if name == "fgsm" else math.inf, 90.0),
                ("b", "any", 80.0, 70.0),
                ("light", "any", 40.0, 30.0),
            ):
                rows.append((model, kind, name, epsilon, sample, by, "pt", jets, low, 2 * jets, 0.3, 0.01))
    columns = ["model", "kind", "perturbation", "epsilon", "sample", "by", "input", "jets", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "mistag", "mistag_error"])


def test_a_pure_sample_is_the_one_that_shows_most(undetected):
    table = undetected_table(undetected, PAIRS)
    assert set(table["model"]) == {"plain", "hardened"}
    pure = table[table["view"] == "pure"]
    assert (pure["sample"] == "light").all()
    assert (pure["jets"] == 40.0).all()
    assert (table[table["view"] == "all"]["sample"] == "all").all()
    assert len(table) == 8


def test_seen_points_and_limits_are_drawn_where_they_are(undetected):
    figure = draw_undetected(undetected_table(undetected, PAIRS), PAIRS, 2e6, "BvL", "toy")
    left, right = figure.axes[:2]
    drawn = sorted(line.get_xdata()[0] for line in left.lines if line.get_marker() in ("o", "D"))
    assert drawn == [90.0, 90.0, 100.0, 100.0]
    assert {line.get_xdata()[0] for line in right.lines if line.get_marker() in ("o", "D")} == {40.0}
    assert any(line.get_xdata()[0] == 2e6 for line in left.lines)


def test_what_no_number_of_jets_shows_is_left_out(undetected):
    undetected.loc[undetected["perturbation"] == "blur", ["jets", "low"]] = math.inf
    figure = draw_undetected(undetected_table(undetected, PAIRS), PAIRS, 2e6, "BvL", "toy")
    drawn = [line for line in figure.axes[0].lines if line.get_marker() in ("o", "D")]
    assert len(drawn) == 2


def test_a_study_whose_perturbations_are_all_hidden_has_an_empty_figure(undetected):
    nothing = undetected.assign(jets=math.inf, low=math.inf)
    figure = draw_undetected(undetected_table(nothing, PAIRS), PAIRS, 2e6, "BvL", "toy")
    assert [line.get_xdata()[0] for line in figure.axes[0].lines] == [2e6]
