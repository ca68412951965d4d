"""Figures of data beside simulation: what they show of tables whose numbers are chosen."""

import numpy as np
import pandas as pd
import pytest

from robustag.evaluation.data_verdicts import BETTER
from robustag.evaluation.reading import COMPARED_FLAVOURS, DATA
from robustag.evaluation.significance import ALIKE
from robustag.plotting.mismodelling.agreement import draw_agreement
from robustag.plotting.mismodelling.data import (
    data_table,
    draw_data_discriminators,
    draw_data_inputs,
    paired_data_table,
)
from robustag.plotting.options import Pair

PAIR = Pair("clean", "n", "a")
EDGES = np.linspace(0.0, 1.0, 5)


@pytest.fixture
def histograms():
    """Four bins and one for no value, each with 120 jets of data and 30, 20, 40, 10 of the flavours."""
    rows = []
    for model, seeds, quantity in (("", [0], "jet_pt"), ("n", [1, 2], "BvL"), ("a", [1, 2], "BvL")):
        for seed in seeds:
            for bin_low, bin_high in ((20.0, 50.0), (50.0, 900.0)):
                for flavour, count in zip(
                    (DATA, *COMPARED_FLAVOURS), (120.0, 30.0, 20.0, 40.0, 10.0), strict=True
                ):
                    for low, high in zip([*EDGES[:-1], np.nan], [*EDGES[1:], np.nan], strict=True):
                        front = {"model": model, "seed": seed, "quantity": quantity, "flavour": flavour}
                        shown = count * (seed or 1) if low == 0.75 else count
                        place = {"bin_low": bin_low, "bin_high": bin_high, "low": low, "high": high}
                        variance = shown if flavour == DATA else 0.5 * shown
                        rows.append({**front, **place, "count": shown, "variance": variance})
    return pd.DataFrame(rows)


def test_the_table_adds_bins_of_pt_and_averages_trainings(histograms):
    table = data_table(histograms, "BvL", "n")
    assert table["low"].tolist()[:-1] == EDGES[:-1].tolist()
    assert np.isnan(table["low"].iloc[-1])
    assert table["data"].tolist() == [240, 240, 240, 360, 240]
    assert table["simulation"].tolist() == [200, 200, 200, 300, 200]
    assert table[list(COMPARED_FLAVOURS)].iloc[0].tolist() == [60, 40, 80, 20]
    first = table.iloc[0]
    assert first["ratio"] == pytest.approx(1.2)
    assert first["ratio_spread"] == pytest.approx(np.sqrt(240) / 200)
    assert first["band"] == pytest.approx(np.sqrt(100) / 200)


def test_without_simulation_there_is_no_ratio(histograms):
    histograms.loc[(histograms["low"] == 0.0) & (histograms["flavour"] != DATA), ["count", "variance"]] = 0.0
    table = data_table(histograms, "jet_pt")
    assert table[["ratio", "ratio_spread", "band"]].iloc[0].isna().all()
    draw_data_inputs(table, {"jet_pt": "jet pT"}, "sample")


def test_a_panel_stacks_the_flavours_up_to_simulation_and_says_what_is_in_no_bin(histograms):
    table = data_table(histograms, "jet_pt")
    figure = draw_data_inputs(table, {"jet_pt": "jet pT"}, "sample")
    shapes = figure.axes[0]
    tops = [patch.get_data().values for patch in shapes.patches]
    assert [top[0] for top in tops] == [20, 100, 140, 200]
    (text,) = shapes.texts
    assert text.get_text() == "no value here: 20.0% (simulation 20.0%)"
    assert shapes.get_title("left") == "Data and simulation"


def test_discriminators_have_nominal_beside_adversarial(histograms):
    table = paired_data_table(histograms, ["BvL"], PAIR)
    assert table.groupby("role", sort=False).size().to_dict() == {"nominal": 5, "adversarial": 5}
    figure = draw_data_discriminators(table, {"BvL": "BvL discriminator"}, "sample")
    titles = [text.get_text() for axes in figure.axes[:2] for text in axes.texts if "arm" in text.get_text()]
    assert titles == ["clean arm, nominal training", "clean arm, adversarial training"]


def test_significant_differences_are_filled():
    rows = []
    for name in ("BvL", "CvL"):
        for low, high, verdict in ((20.0, 900.0, BETTER), (20.0, 50.0, ALIKE), (50.0, 900.0, ALIKE)):
            sizes = {
                "nominal": 0.02,
                "nominal_error": 0.001,
                "adversarial": 0.015,
                "adversarial_error": 0.001,
            }
            gain = {"difference": 0.005, "difference_error": np.nan if low == 50 else 0.001}
            front = {"pair": "clean", "discriminator": name, "bin_low": low, "bin_high": high}
            rows.append({**front, **sizes, **gain, "verdict": verdict})
    figure = draw_agreement(pd.DataFrame(rows), [PAIR], PAIR, "sample")
    sizes, differences = figure.axes[:2]
    assert [text.get_text() for text in figure.axes[-1].get_xticklabels()] == ["all", "20-50", "50-900"]
    faces = {
        line.get_markerfacecolor(): len(line.get_xdata())
        for line in differences.lines
        if line.get_marker() == "o"
    }
    assert faces == {"black": 1, "white": 2}
    nominal = sizes.containers[0].lines[0]
    assert nominal.get_ydata() == pytest.approx([20.0, 20.0, 20.0])
