"""A mixture that plays data: closed forms of its pulls, independent halves, and families of tests."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.evaluation.test_agreement import jets
from tests.unit.evaluation.test_data_verdicts import agreement
from tests.unit.evaluation.test_frontier import AUCS, DISCRIMINATORS, RATES, SEEDS, SOURCES, study

from robustag.claims.pseudo_data import pseudo_data_sections
from robustag.evaluation import VARIED
from robustag.evaluation.agreement import Quantity, Sample, compare
from robustag.evaluation.data_verdicts import BETTER
from robustag.evaluation.frontier import uncertainties
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.pseudo_data import (
    COVERED,
    MISSED,
    PSEUDO_DATA,
    agreements,
    apart,
    calibrated,
    true_rates,
)
from robustag.evaluation.scale_factors import LARGER, SMALLER
from robustag.evaluation.settings import Evaluation
from robustag.evaluation.significance import ALIKE, UNKNOWN

#: Claims of 0.05, 0.025 and 0.05.
CHANGES = {
    "nominal": {"up": 0.04, "tails": 0.03},
    "half": {"up": 0.02, "tails": 0.015},
    "bold": {"up": 0.04, "tails": 0.03},
}
MODELS = ["half", "bold"]
TRUTH = {"nominal": 0.03, "half": -0.02, "bold": 0.07}


def judged(truth=TRUTH, changes=CHANGES, scatter=1e-4, seeds=SEEDS):
    aucs = dict.fromkeys(changes, AUCS["nominal"])
    metrics = study(changes, aucs, 1, scatter, seeds)
    rates = study({model: {PSEUDO_DATA: size} for model, size in truth.items()}, aucs, 2, scatter, seeds)
    asked = "nominal", MODELS, DISCRIMINATORS, SOURCES, 2.0
    return calibrated(rates, metrics, uncertainties(metrics, *asked, 0.2), *asked)


def light(table):
    return table.query("discriminator == 'BvL' and metric == 'fixed_cut_mistag'").set_index("model")


def test_the_truth_stands_beside_the_quadratic_sum_of_the_sources():
    table = judged()
    assert {(one.discriminator, one.metric) for one in table.itertuples()} == set(RATES)
    rows = light(table)
    assert list(rows.index) == ["nominal", *MODELS]
    assert rows["claimed"].tolist() == pytest.approx([0.05, 0.025, 0.05], rel=0.02)
    assert rows["truth"].tolist() == pytest.approx([0.03, -0.02, 0.07], abs=5e-4)
    assert rows["pull"].tolist() == pytest.approx([0.6, -0.8, 1.4], rel=0.03)
    assert rows["margin"].tolist() == pytest.approx([0.02, 0.005, -0.02], abs=7e-4)
    assert rows["answer"].tolist() == [COVERED, COVERED, MISSED]


def test_what_a_training_gains_is_how_much_less_its_rates_depart():
    rows = light(judged())
    assert rows["difference"].tolist() == pytest.approx([0.0, 0.01, -0.04], abs=5e-4)
    assert rows["against_nominal"].tolist() == [UNKNOWN, SMALLER, LARGER]


def test_what_errors_can_explain_is_no_answer_and_one_training_has_none():
    noisy = light(judged(scatter=6e-3))
    assert set(noisy["answer"]) == {ALIKE}
    assert (noisy["pull_error"] > 0.1).all()
    once = light(judged(seeds=(1,)))
    assert set(once["answer"]) == set(once["against_nominal"]) == {UNKNOWN}


def test_errors_of_pulls_are_those_of_repeated_studies():
    pulls = []
    for seed in range(25):
        metrics = study(CHANGES, dict.fromkeys(CHANGES, AUCS["nominal"]), 10 + seed, 1e-3)
        truth = {model: {PSEUDO_DATA: size} for model, size in TRUTH.items()}
        rates = study(truth, dict.fromkeys(CHANGES, AUCS["nominal"]), 100 + seed, 1e-3)
        asked = "nominal", MODELS, DISCRIMINATORS, SOURCES, 2.0
        row = light(calibrated(rates, metrics, uncertainties(metrics, *asked, 0.2), *asked)).loc["bold"]
        pulls.append((row["pull"], row["pull_error"]))
    values, errors = np.array(pulls).T
    # The toy's trainings scatter about the truth and their replicates about the trainings: both count.
    assert np.sqrt(2.0) * values.std(ddof=1) / errors.mean() == pytest.approx(1.0, abs=0.45)


def test_without_a_significant_source_nothing_is_claimed():
    metrics = study(CHANGES, dict.fromkeys(CHANGES, AUCS["nominal"]))
    rates = study(
        {model: {PSEUDO_DATA: size} for model, size in TRUTH.items()}, AUCS | {"bold": AUCS["half"]}
    )
    asked = "nominal", MODELS, DISCRIMINATORS, SOURCES, 2.0
    claimed = uncertainties(metrics, *asked, 0.2)
    efficiency = claimed["metric"] == "fixed_cut_efficiency"
    table = calibrated(rates, metrics, claimed.assign(resolved=efficiency), *asked)
    assert set(table["metric"]) == {"fixed_cut_efficiency"}
    assert calibrated(rates, metrics, claimed.assign(resolved=False), *asked).empty


def events(random, number):
    """Jets, each of an event of its own."""
    return jets(random, number, label=random.integers(0, 3, number))


def test_halves_share_no_collision_and_lose_none():
    random = np.random.default_rng(1)
    simulation = events(random, 4000)
    data, other = apart(simulation, simulation)
    assert not set(data.event.tolist()) & set(other.event.tolist())
    assert len(data) + len(other) == len(simulation)
    assert len(data) == pytest.approx(2000, abs=4 * np.sqrt(1000))


def test_the_same_collisions_agree_too_well_and_halves_of_them_as_two_samples():
    random = np.random.default_rng(2)
    simulation = events(random, 6000)
    values = dict(zip(simulation.event.tolist(), random.normal(size=6000), strict=True))

    def fit(data, other):
        samples = (Sample.of(each, [20.0, 900.0], 20, seed=1) for each in (data, other))
        found = (np.array([values[event] for event in each.event.tolist()]) for each in (data, other))
        _, rows = compare(*samples, {"x": Quantity(*found, (-3.0, 3.0))}, [20.0, 900.0])
        return rows.iloc[0]

    paired, halves = fit(simulation, simulation), fit(*apart(simulation, simulation))
    assert paired["chi2"] == 0
    assert paired["js"] < paired["floor"]
    assert halves["chi2"] / halves["ndf"] == pytest.approx(1.0, abs=0.6)
    assert halves["js"] / halves["floor"] == pytest.approx(1.0, abs=0.6)


def test_rates_are_those_at_cuts_of_simulation_on_the_same_jets():
    random = np.random.default_rng(3)
    simulation = events(random, 3000)
    label = simulation.label.numpy()
    logits = random.normal(size=(3000, 3)) + 2.0 * np.eye(3)[label]
    moved = logits + np.array([0.3, 0.0, 0.0])
    evaluation = Evaluation(30, 7, [0.7], [0.1], {"pt": [20, 900], "eta": [0, 3]}, {})
    both = {0.0: simulation, VARIED: simulation}
    rows = true_rates({0.0: logits, VARIED: moved}, both, evaluation).assign(model="m", seed=1)
    measured = Measurements(rows)
    named = {"model": "m", "perturbation": PSEUDO_DATA, "discriminator": "BvL", "working_point": 0.1}
    before, after = (
        measured.measurement(metric="fixed_cut_mistag", epsilon=step, **named) for step in (0.0, VARIED)
    )
    score = (logits[:, 0] - logits[:, 2])[label == 2]
    cut = np.sort(score)[::-1][int(0.1 * len(score)) - 1]
    assert before.mean == pytest.approx(0.1, abs=1.0 / len(score))
    assert after.mean == pytest.approx(np.mean(score + 0.3 >= cut), abs=1.5 / len(score))
    # Of the same jets, so that the change is known better than either.
    assert (after - before).statistical < 0.8 * after.statistical
    assert set(rows["metric"]) == {"fixed_cut_efficiency", "fixed_cut_mistag"}


def outputs(models):
    """Agreement of BvC, and of CvB, which is its mirror image."""
    table = agreement({(model, "BvC"): value for model, value in models.items()})
    return pd.concat([table, table.assign(quantity="CvB")], ignore_index=True)


def test_outputs_of_all_ways_of_training_are_one_family():
    sizes = {"nominal": 0.03, "half": 0.027, "bold": 0.03}
    few = agreements(outputs(sizes), "nominal", ["half"], ["BvC", "CvB"], 2.0)
    assert list(few["discriminator"]) == ["BvC"], "its mirror image is no test of its own"
    assert few["verdict"].tolist() == [BETTER]
    assert few[["nominal", "trained"]].to_numpy()[0] == pytest.approx([0.02, 0.017], abs=1e-4)
    many = agreements(outputs(sizes), "nominal", MODELS, ["BvC", "CvB"], 2.0).set_index("model")
    assert many.loc["half", "p"] == pytest.approx(2 * few["p"].iloc[0])


def test_the_page_names_the_smallest_claim_and_what_became_of_it():
    options = {"nominal": "nominal", "working_point": 0.01, "discriminators": DISCRIMINATORS}
    sizes = {"nominal": 0.03, "half": 0.01, "bold": 0.03}
    shown = agreements(outputs(sizes), "nominal", MODELS, ["BvC"], 2.0)
    inputs = agreement({("", "jet_pt"): 0.01}, seeds=(0,))
    lines = pseudo_data_sections(judged(), shown, inputs, options)
    text = " ".join(" ".join(lines).split())
    assert sum(line.startswith("### ") for line in lines) == len(RATES) + 1
    assert f"claimed by half. Of it the test says: **{COVERED}**" in text
    assert MISSED in text
    (half, *_) = (line for line in lines if line.startswith("| half"))
    truth, gain = (float(cell.strip("(* ").split()[0]) for cell in half.split("|")[2].split("("))
    assert [truth, gain] == pytest.approx([-2.0, 1.0], abs=0.1)
    assert "| jet_pt " in text
    gained = [line for line in lines if line.startswith("| half")][-1].split("(**")[1].split()[0]
    assert float(gained) == pytest.approx(20.0, abs=0.3), "in 10^-3 nats"
