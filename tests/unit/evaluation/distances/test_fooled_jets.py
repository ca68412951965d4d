"""Jets that are carried over a cut, and those that a detector lets pass: toys with a known answer."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from robustag.classes import LIGHT, B
from robustag.evaluation.distances import Tagger, measure_all
from robustag.tensors.loading import JetTensors

NAMES = ("score", "free", "plain", "other")
JETS, JOINT = 8000, 3000
MOVE = 0.5


def make_jets(seed, first=0):
    rng = np.random.default_rng(seed)
    label = torch.from_numpy(rng.integers(0, 3, JETS))
    inputs = torch.from_numpy(rng.normal(size=(JETS, len(NAMES)))).float()
    inputs[label == B, 0] += 2.0
    ones = torch.ones(JETS)
    event = torch.arange(first, first + JETS // 2).repeat_interleave(2)
    eta = torch.from_numpy(rng.uniform(-2, 2, JETS)).float()
    return JetTensors(inputs, inputs.isnan(), label, ones, ones, eta, event, ones)


@pytest.fixture(scope="module")
def clean():
    return make_jets(1)


@pytest.fixture(scope="module")
def network():
    """Its BvL is the first input."""
    linear = torch.nn.Linear(len(NAMES), 3)
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.zero_()
        linear.weight[B, 0] = 1.0
    return linear


@pytest.fixture(scope="module")
def tagger(network, clean):
    return Tagger.at(network, "BvL", 0.1, clean)


def attacked(clean):
    """Each jet moves to its wrong side."""
    inputs = clean.inputs.clone()
    inputs[clean.label == B, 0] -= MOVE
    inputs[clean.label == LIGHT, 0] += MOVE
    return dataclasses.replace(clean, inputs=inputs)


def ratios(clean, changed, *taggers):
    _, *fooled = measure_all([("attack", "toy", 0.1, clean, changed)], NAMES, 1, JOINT, taggers)
    return [table.set_index(["flavour", "distance"]) for table in fooled]


def expected(clean, tagger):
    """Shares of b jets above the cut that fall below, and of light jets below it that rise above."""
    score = clean.inputs[:, 0].numpy()
    b, light = (score[(clean.label == flavour).numpy()] for flavour in (B, LIGHT))
    tagged, left = b[b > tagger.cut], light[light <= tagger.cut]
    return {"b": np.mean(tagged - MOVE <= tagger.cut), "light": np.mean(left + MOVE > tagger.cut)}


def test_the_working_point_is_that_of_clean_jets(clean, tagger):
    light = clean.label == LIGHT
    assert tagger.tags(clean.inputs)[light.numpy()].mean() == pytest.approx(0.1, abs=1 / int(light.sum()))


def test_jets_that_change_sides_are_fooled(clean, tagger):
    (found,) = ratios(clean, attacked(clean), tagger)
    for flavour, share in expected(clean, tagger).items():
        row = found.loc[flavour, "fooled"]
        assert row["value"] == pytest.approx(share, abs=1e-6)
        assert row["low"] < share < row["high"]


def test_those_that_give_themselves_away_are_taken_off(clean, tagger):
    """Every b jet that moves is marked by another input; nothing else tells light jets that moved."""
    changed = attacked(clean)
    changed.inputs[clean.label == B, 2] = torch.linspace(20.0, 30.0, int((clean.label == B).sum()))
    (found,) = ratios(clean, changed, tagger)
    plain, hidden = found.loc[("b", "fooled_unflagged")], found.loc[("light", "fooled_unflagged")]
    assert plain["value"] < 0.02 * found.loc[("b", "fooled"), "value"]
    assert plain["high"] > plain["value"]
    assert hidden["value"] > 0.9 * found.loc[("light", "fooled"), "value"]


def test_jets_themselves_are_not_fooled(clean, tagger):
    (found,) = ratios(clean, clean, tagger)
    assert (found["value"] == 0).all()
    assert (found["low"] == 0).all()
    # None of so many: the upper end of the exact interval.
    assert found["high"].between(1 / JETS, 10 / JETS).all()


def test_a_detector_that_knows_nothing_flags_its_false_alarms(clean, tagger):
    """Values of the score go to other jets of the sample: alone and with others they are as before."""
    order = torch.from_numpy(np.random.default_rng(2).permutation(JETS))
    inputs = clean.inputs.clone()
    inputs[:, 0] = clean.inputs[order, 0]
    (found,) = ratios(clean, dataclasses.replace(clean, inputs=inputs), tagger)
    for flavour in ("b", "light"):
        fooled, unflagged = (found.loc[(flavour, name)] for name in ("fooled", "fooled_unflagged"))
        assert 0.9 < unflagged["value"] / fooled["value"] <= 1.0
        assert unflagged["high"] - unflagged["low"] >= fooled["high"] - fooled["low"]


def test_jets_of_other_collisions_are_not_the_same_jets(clean, tagger):
    """They have no rows, beside others that have some."""
    samples = [("attack", "other", 0.1, clean, make_jets(3, first=100_000))]
    samples.append(("attack", "toy", 0.1, clean, attacked(clean)))
    distances, found = measure_all(samples, NAMES, 1, JOINT, [tagger])
    assert set(found["perturbation"]) == {"toy"}
    assert (found.dtypes == distances.dtypes).all()
    _, nothing = measure_all(samples[:1], NAMES, 1, JOINT, [tagger])
    assert nothing.empty
    assert (nothing.dtypes == distances.dtypes).all()


def test_every_tagger_has_a_table(clean, network, tagger):
    loose = Tagger.at(network, "BvL", 0.5, clean)
    one, other = ratios(clean, attacked(clean), tagger, loose)
    assert isinstance(other, pd.DataFrame)
    assert other.loc[("b", "fooled"), "value"] < one.loc[("b", "fooled"), "value"]


def test_a_flavour_without_rightly_judged_jets_has_no_row(clean, network):
    """As in a small sample: nothing is tagged."""
    nothing = Tagger(network, Tagger.at(network, "BvL", 0.1, clean).discriminator, 100.0)
    (found,) = ratios(clean, attacked(clean), nothing)
    assert set(found.index.get_level_values("flavour")) == {"light"}
