"""Harm beside the jets that show it, from tables whose numbers are chosen."""

import math

import numpy as np
import pandas as pd
import pytest

from robustag.evaluation.undetected import undetected

PAIRS = [
    {"label": "clean", "nominal": "plain", "adversarial": "hardened"},
    {"label": "again", "nominal": "plain", "adversarial": "other"},
]
CASES = [("attack", "fgsm", 0.05), ("scenario", "blur", 1.0)]


@pytest.fixture
def verdicts():
    rows = []
    for pair in PAIRS:
        for case in [*CASES, ("attack", "pgd", 0.05)]:
            for metric, point in (
                ("auc", np.nan),
                *((rate, at) for rate in ("fixed_cut_efficiency", "fixed_cut_mistag") for at in (0.1, 0.01)),
            ):
                for discriminator in ("BvL", "CvL"):
                    harm = {"auc": 0.02}.get(metric, point if discriminator == "BvL" else 9.0)
                    row = (pair["label"], *case, discriminator, metric, point, harm, 0.001, harm / 2, 0.002)
                    rows.append(row)
    columns = ["pair", "kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"]
    numbers = ["nominal", "nominal_error", "adversarial", "adversarial_error"]
    return pd.DataFrame(rows, columns=[*columns, *numbers])


@pytest.fixture
def distances():
    attacks = [("plain", *CASES[0]), ("hardened", *CASES[0]), ("other", *CASES[0])]
    rows = []
    for case in [*attacks, ("", *CASES[1])]:
        for flavour in ("all", "b"):
            rows += [
                (
                    *case,
                    1,
                    flavour,
                    "needed_by_input",
                    "pt",
                    500.0 if flavour == "all" else 50.0,
                    400.0,
                    600.0,
                ),
                (*case, 1, flavour, "needed_by_correlation", "pt and eta", math.inf, 90.0, math.inf),
                (*case, 1, flavour, "kl", "pt", 0.1, math.nan, math.nan),
            ]
        rows.append((*case, 1, "all", "needed_by_classifier", "all", math.inf, 70.0, math.inf))
    for case in [attacks[0], ("plain", *CASES[1])]:
        for number, (flavour, name) in enumerate(
            (flavour, name) for flavour in ("b", "light") for name in ("fooled", "fooled_unflagged")
        ):
            share = 0.1 * (number + 1) if case[1] == "attack" else 0.01 * (number + 1)
            rows.append((*case, 1, flavour, name, "all", share, 0.9 * share, 1.1 * share))
    columns = ["model", "kind", "perturbation", "epsilon", "seed", "flavour", "distance", "input"]
    return pd.DataFrame(rows, columns=[*columns, "value", "low", "high"])


def test_every_model_has_its_attacks_and_all_scenarios(verdicts, distances):
    table = undetected(verdicts, distances, PAIRS, "BvL", 0.01)
    assert set(table["model"]) == {"plain", "hardened", "other"}
    for _, own in table.groupby("model"):
        assert set(zip(own["kind"], own["perturbation"], own["epsilon"], strict=True)) == set(CASES)
        assert not own.duplicated(["perturbation", "sample", "by"]).any()


def test_harms_are_those_of_the_working_point(verdicts, distances):
    table = undetected(verdicts, distances, PAIRS, "BvL", 0.01).set_index("model")
    assert (table.loc["plain", ["mistag", "efficiency"]] == 0.01).all(axis=None)
    assert (table.loc["hardened", "mistag"] == 0.005).all()
    assert (table.loc["plain", "auc"] == 0.02).all()
    assert (table["auc_error"] > 0).all()


def test_the_fewest_jets_count(verdicts, distances):
    table = undetected(verdicts, distances, PAIRS, "BvL", 0.01)
    fewest = table[(table["by"] == "any") & (table["model"] == "plain")].set_index(["perturbation", "sample"])
    assert fewest.loc[("fgsm", "all"), ["jets", "low", "high", "input"]].tolist() == [
        500.0,
        400.0,
        600.0,
        "pt",
    ]
    assert fewest.loc[("blur", "b"), "jets"] == 50.0


def test_of_limits_the_lowest_counts(verdicts, distances):
    unseen = distances.assign(value=math.inf)
    table = undetected(verdicts, unseen, PAIRS, "BvL", 0.01)
    row = table[(table["by"] == "any") & (table["sample"] == "all")].iloc[0]
    assert math.isinf(row["jets"])
    assert row["low"] == 70.0


def test_fooled_jets_are_those_of_the_very_model(verdicts, distances):
    """Also of scenarios, whose other distances belong to no model; empty where nobody counted."""
    table = undetected(verdicts, distances, PAIRS, "BvL", 0.01)
    columns = ["fooled_signal", "fooled_unflagged_signal", "fooled_background", "fooled_unflagged_background"]
    for perturbation, unit in (("fgsm", 0.1), ("blur", 0.01)):
        own = table[(table["model"] == "plain") & (table["perturbation"] == perturbation)]
        assert len(own) > 1
        for number, column in enumerate(columns, start=1):
            assert own[column].to_numpy() == pytest.approx(number * unit)
            assert own[f"{column}_low"].to_numpy() == pytest.approx(0.9 * number * unit)
            assert own[f"{column}_high"].to_numpy() == pytest.approx(1.1 * number * unit)
    assert table.loc[table["model"] != "plain", columns].isna().all(axis=None)


def test_a_study_that_fools_no_jet_has_the_same_columns(verdicts, distances):
    nothing = distances[~distances["distance"].str.startswith("fooled")]
    empty, whole = (undetected(verdicts, table, PAIRS, "BvL", 0.01) for table in (nothing, distances))
    assert list(empty.columns) == list(whole.columns)
    assert empty["fooled_signal"].isna().all()
    assert len(empty) == len(whole)
