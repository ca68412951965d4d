"""The figure of attack and systematics: means over seeds of one model, a row a scenario."""

import pandas as pd
import pytest

from robustag.plotting.mismodelling.alignment import alignment_table, draw_alignment


@pytest.fixture
def tables():
    cosines = [
        (model, seed, scenario, flavour, measure, 0.1 * seed, 0.0, 0.5)
        for model in ("plain", "hardened")
        for seed in (1, 2)
        for scenario in ("ip_resolution_up", "fakes_up")
        for flavour in ("b", "c", "light")
        for measure in ("mean", "jet", "length")
    ]
    shares = [
        ("plain", seed, span, kept, discriminator, 0.2 * seed, 0.1, 0.9)
        for seed in (1, 2)
        for span in ("flavour", "random_flavour", "jet", "random_jet", "other_jet", "flipped")
        for kept in ("projected", "rescaled")
        for discriminator in ("BvL", "CvL")
    ]
    ends = ["value", "low", "high"]
    return (
        pd.DataFrame(cosines, columns=["model", "seed", "scenario", "flavour", "measure", *ends]),
        pd.DataFrame(
            shares,
            columns=["model", "seed", "span", "kept", "discriminator", "share", "share_low", "share_high"],
        ),
    )


def test_the_table_is_the_mean_over_the_seeds_of_one_model(tables):
    table = alignment_table(*tables, "plain", "BvL")
    assert len(table) == 2 * 3 + 6 * 2
    assert set(table.loc[table["part"] == "cosine", "value"].round(9)) == {0.15}
    assert set(table.loc[table["part"] == "share", "value"].round(9)) == {0.3}


def test_a_row_a_scenario_and_a_row_a_span(tables):
    figure = draw_alignment(alignment_table(*tables, "plain", "BvL"), "sample")
    upper, lower = figure.axes
    assert [label.get_text() for label in upper.get_yticklabels()] == [
        "worse IP resolution",
        "more fake tracks",
    ]
    assert [label.get_text() for label in lower.get_yticklabels()] == [
        "mean moves of the flavour",
        "as many random directions",
        "moves of the very jet",
        "those of another jet of the flavour",
        "those of the jet, random signs",
        "as many random directions",
    ]
