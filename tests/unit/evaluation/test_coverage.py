"""Coverage of claimed uncertainties in worlds where it is known."""

import numpy as np
import pytest
from scipy.special import ndtr
from tests.unit.evaluation.test_frontier import DISCRIMINATORS, RATES, SEEDS, study

from robustag.evaluation.coverage import (
    CONTENTS,
    EACH,
    EXPONENTIAL,
    LINEAR,
    NOTHING,
    OVER,
    UNDER,
    coverage,
)
from robustag.evaluation.frontier import uncertainties
from robustag.evaluation.significance import ALIKE, UNKNOWN
from robustag.mismodelling.sources import Source

SOURCES = {
    "up": Source("scale", "detector", 2.0),
    "tails": Source("tails", "detector", -1.0),
    "loss": Source("efficiency", "detector", 1.0),
}
#: For one standard deviation all alike.
ALL_ALIKE = {"up": 0.08, "tails": -0.04, "loss": 0.04}
TWO = {name: ALL_ALIKE[name] for name in ("up", "tails")}
RATE = {"discriminator": "BvL", "metric": "fixed_cut_mistag", "working_point": 0.01}


def covered(changes, sources=SOURCES, seed=1, scatter=1e-5, seeds=SEEDS, experiments=20_000):
    models = [name for name in changes if name != "nominal"]
    metrics = study(changes, dict.fromkeys(changes, (0.93, 0.88)), seed, scatter, seeds)
    # A bootstrap scatters around what was measured.
    pairs = zip(metrics["value"], metrics["replicates"], strict=True)
    metrics["replicates"] = [value + each - each.mean() for value, each in pairs]
    asked = metrics, "nominal", models, DISCRIMINATORS
    claimed = uncertainties(*asked, sources, 2.0, 0.2)
    return coverage(metrics, claimed, *asked[1:], sources, 2.0, seed, experiments)


def row(table, model="nominal", truth=LINEAR, held_back=NOTHING):
    wanted = RATE | {"model": model, "truth": truth, "held_back": held_back}
    (found,) = table[(table[list(wanted)] == list(wanted.values())).all(axis=1)].to_dict("records")
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_linear_world_is_covered_as_a_normal_number_is(seed):
    found = row(covered({"nominal": ALL_ALIKE, "same": ALL_ALIKE}, seed=seed))
    assert list(CONTENTS) == pytest.approx([0.6827, 0.9545], abs=1e-4)
    assert found["claimed"] == pytest.approx(0.04 * np.sqrt(3), rel=1e-3)
    assert found["binomial"] == pytest.approx(0.0033, abs=1e-4)
    assert found["coverage"] == pytest.approx(CONTENTS[0], abs=3 * 0.0033)
    assert found["coverage_two"] == pytest.approx(CONTENTS[1], abs=3 * 0.0015)
    assert found["pull_width"] == pytest.approx(1.0, abs=0.02)
    assert found["pull_mean"] == pytest.approx(0.0, abs=0.025)
    assert found["answer"] == ALIKE


def test_a_source_of_equal_size_that_the_claim_does_not_know():
    """The pull is normal with a width of the square root of two."""
    table = covered({"nominal": TWO, "same": TWO})
    for held_back in ("scale", "tails", EACH):
        found = row(table, held_back=held_back)
        assert found["pull_width"] == pytest.approx(np.sqrt(2), abs=0.03)
        for name, deviations in (("coverage", 1.0), ("coverage_two", 2.0)):
            expected = 2 * ndtr(deviations / np.sqrt(2)) - 1
            assert found[name] == pytest.approx(expected, abs=3 * 0.0036)
        assert found["answer"] == UNDER


def test_a_tagger_that_feels_less_of_what_is_not_known_covers_more():
    changes = {"nominal": TWO, "deaf": TWO | {"tails": -0.01}}
    table = covered(changes)
    found = row(table, "deaf", held_back="tails")
    width = np.hypot(0.04, 0.01) / 0.04
    assert found["coverage"] == pytest.approx(2 * ndtr(1 / width) - 1, abs=0.011)
    assert found["difference"] == pytest.approx(2 * (ndtr(1 / width) - ndtr(1 / np.sqrt(2))), abs=0.015)
    assert found["against_nominal"] == OVER
    # The smaller claim covers less where the rest is what is not known.
    assert row(table, "deaf", held_back="scale")["against_nominal"] == UNDER
    assert row(table, held_back="tails")["against_nominal"] == UNKNOWN


def test_rates_that_grow_ever_faster_are_claimed_too_much():
    """Four standard deviations give a factor e^2: one gives e^(1/2), and the claim is (e^2 - 1) / 4."""
    sources = {"up": Source("scale", "detector", 4.0)}
    changes = {"nominal": {"up": np.e**2 - 1}, "same": {"up": np.e**2 - 1}}
    found = row(covered(changes, sources), truth=EXPONENTIAL)
    claim = (np.e**2 - 1) / 4
    assert found["claimed"] == pytest.approx(claim, rel=1e-3)
    # Down to -1 nothing is beyond the claim on the lower side.
    assert claim > 1
    assert found["coverage"] == pytest.approx(ndtr(2 * np.log1p(claim)), abs=0.01)
    assert found["answer"] == OVER
    low, high = np.expm1(-0.5), np.expm1(0.5)
    assert found["pull_width"] == pytest.approx((high - low) / 2 / claim, rel=0.03)
    assert found["pull_mean"] == pytest.approx(np.expm1(1 / 8) / claim, rel=0.1)


def test_small_changes_are_linear_in_either_world():
    small = {name: change / 20 for name, change in ALL_ALIKE.items()}
    table = covered({"nominal": small, "same": small})
    linear, exponential = (row(table, truth=truth)["coverage"] for truth in (LINEAR, EXPONENTIAL))
    assert exponential == pytest.approx(linear, abs=2e-3)


def test_one_of_two_perturbations_of_a_source_is_true():
    """A mixture of two widths beside the claim, which has their mean square."""
    sources = {"up": Source("scale", "detector", 1.0), "loss": Source("scale", "detector", 1.0)}
    found = row(covered({"nominal": {"up": 0.06, "loss": 0.02}, "same": ALL_ALIKE}, sources))
    claim = np.sqrt((0.06**2 + 0.02**2) / 2)
    expected = np.mean([2 * ndtr(claim / width) - 1 for width in (0.06, 0.02)])
    assert found["coverage"] == pytest.approx(expected, abs=0.011)


def test_a_claim_from_few_jets_covers_on_average_nearly_as_much():
    """Changes of three errors: claims scatter, and what noise adds to their squares is taken away."""
    noisy = covered({"nominal": ALL_ALIKE, "same": ALL_ALIKE}, scatter=0.004, seed=4)
    found = row(noisy)
    assert found["coverage"] == pytest.approx(CONTENTS[0], abs=0.06)
    assert found["coverage_error"] > 0.02
    assert found["claimed_error"] > 0


def test_worlds_are_the_same_for_all_and_differ_by_the_seed():
    table = covered({"nominal": ALL_ALIKE, "same": ALL_ALIKE}, scatter=0.0)
    assert row(table, "same")["difference"] == pytest.approx(0.0, abs=1e-12)
    other = covered({"nominal": ALL_ALIKE, "same": ALL_ALIKE}, scatter=0.0, seed=2)
    assert 0 < abs(row(table)["coverage"] - row(other)["coverage"]) < 0.02


def test_every_rate_has_its_rows_and_one_training_no_verdict():
    table = covered({"nominal": TWO, "same": TWO}, seeds=(1,))
    assert {(one.discriminator, one.metric) for one in table.itertuples()} == set(RATES)
    # Two models, two worlds; nothing, two sources and each in turn.
    assert len(table) == len(RATES) * 2 * 2 * 4
    assert set(table["answer"]) == {UNKNOWN}


def test_without_a_resolved_source_there_is_nothing_to_cover():
    nothing = dict.fromkeys(SOURCES, 0.0)
    table = covered({"nominal": nothing, "same": nothing}, scatter=1e-3, seed=9)
    assert table.empty
    assert {"coverage", "answer", "against_nominal"} <= set(table.columns)
