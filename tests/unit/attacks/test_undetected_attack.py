"""Attacks under caps on what a comparison of data with simulation sees."""

import numpy as np
import pytest
import torch

from robustag.attacks import Budget, conserving_pgd, pgd, rdsa, undetected
from robustag.errors import InputError
from robustag.visibility.comparison import Comparison, seen_by_input, seen_by_pair

JETS, INPUTS = 3000, 8
INNER = {
    "pgd": {"name": "pgd", "steps": 4, "rate": 2.5, "restarts": 0},
    "conserving_pgd": {"name": "conserving_pgd", "steps": 4, "rate": 2.5},
    "rdsa": {"name": "rdsa", "attempts": 10, "features": 4},
}
ALONE = {"pgd": pgd, "conserving_pgd": conserving_pgd, "rdsa": rdsa}


@pytest.fixture(scope="module")
def toy():
    """Correlated jets, a network, a budget with frozen and missing entries; a third have one value in 7."""
    rng = np.random.default_rng(5)
    x = torch.from_numpy(rng.normal(size=(JETS, INPUTS)) @ rng.normal(size=(INPUTS, INPUTS)) / 2).float()
    x[::3, 7] = 0.0
    missing = torch.from_numpy(rng.random((JETS, INPUTS)) < 0.1)
    torch.manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Linear(INPUTS, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3))
    label = model(x + 0.5 * torch.randn_like(x)).argmax(dim=1)
    return model, x, label, Budget.around(x, 0.2, frozen=[2], missing=missing), missing


def seen(x, moved, missing):
    """One over the jets at which the moves are seen: by an input, by a pair."""
    comparison = Comparison(x, missing)
    before, after = comparison.sums(x, missing), comparison.sums(moved, missing)
    pairs = INPUTS * (INPUTS - 1) // 2
    by_pair = seen_by_pair(before, after, comparison.variances(x, missing), pairs)
    return float(seen_by_input(before, after, INPUTS).max()), float(by_pair.max())


def hidden(toy, inner, data_jets):
    model, x, label, budget, _ = toy
    return undetected(model, x, label, budget, attack=INNER[inner], data_jets=data_jets)


def loss(toy, x):
    with torch.no_grad():
        return float(torch.nn.functional.cross_entropy(toy[0](x), toy[2]))


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("data_jets", [1000, 100_000])
def test_moves_stay_below_both_caps(toy, inner, data_jets):
    _, x, _, budget, missing = toy
    moved = hidden(toy, inner, data_jets)
    assert max(seen(x, moved, missing)) <= 1 / data_jets
    assert loss(toy, moved) > loss(toy, x)
    assert not budget.outside(moved).any()


def test_the_same_attack_without_caps_is_seen(toy):
    model, x, label, budget, missing = toy
    options = {key: value for key, value in INNER["pgd"].items() if key != "name"}
    by_input, by_pair = seen(x, pgd(model, x, label, budget, **options), missing)
    assert min(by_input, by_pair) > 1 / 100_000


@pytest.mark.parametrize("inner", INNER)
def test_more_data_leave_less_harm(toy, inner):
    few, many = (loss(toy, hidden(toy, inner, jets)) for jets in (1000, 1_000_000))
    assert few > many


def test_an_attack_that_conserves_does_more_under_the_caps_than_one_that_does_not(toy):
    conserving, other = (loss(toy, hidden(toy, inner, 100_000)) for inner in ("conserving_pgd", "pgd"))
    assert conserving > other


def test_shared_missing_and_frozen_entries_stay(toy):
    _, x, _, _, missing = toy
    still = hidden(toy, "pgd", 1000) == x
    assert still[missing].all()
    assert still[:, 2].all()
    assert still[::3, 7].all()
    assert not still[1::3, 7][~missing[1::3, 7]].all()


@pytest.mark.parametrize("wrong", [0, -5, 2.5])
def test_numbers_of_jets_that_are_none_are_refused(toy, wrong):
    with pytest.raises(InputError, match="data_jets"):
        hidden(toy, "pgd", wrong)
