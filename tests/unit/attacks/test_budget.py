import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robustag.attacks import BudgetRule
from robustag.errors import InputError
from robustag.tensors import Normalisation

SHAPE = (6, 5)
moderate = st.floats(-300, 300, width=32)


def tensors(elements, shape=SHAPE, dtype=np.float32):
    return arrays(dtype, shape, elements=elements).map(torch.from_numpy)


rules = st.builds(
    BudgetRule,
    scale=tensors(st.floats(0, 5, width=32), SHAPE[1]),
    integer=tensors(st.booleans(), SHAPE[1], bool),
    centre=tensors(st.floats(-10, 10, width=32), SHAPE[1]),
    relative_cap=st.none() | st.floats(0.001, 2),
)
masks = tensors(st.booleans(), SHAPE, bool)
epsilons = st.floats(0, 10) | st.just(math.inf)
quick = settings(max_examples=80, deadline=None)


@quick
@given(rules, tensors(moderate), masks, epsilons, tensors(st.floats(-1e6, 1e6, width=32)))
def test_projection_lands_inside_is_idempotent_and_keeps_what_is_inside(rule, x, missing, epsilon, point):
    budget = rule.budget(x, missing, epsilon)
    projected = budget.project(point)
    assert not budget.outside(projected).any()
    assert torch.equal(budget.project(projected), projected)
    inside = ~budget.outside(point)
    assert torch.equal(projected[inside], point[inside])
    assert budget.holds(projected)
    assert budget.holds(point) == bool(inside.all())
    assert torch.equal(budget.project(x), x)


@quick
@given(rules, tensors(moderate), masks, epsilons, tensors(moderate))
def test_counts_and_missing_entries_never_move(rule, x, missing, epsilon, gradient):
    budget = rule.budget(x, missing, epsilon)
    frozen = missing | rule.integer
    assert not budget.movable[frozen].any()
    assert torch.equal(budget.project(gradient)[frozen], x[frozen])
    assert (budget.steepest(gradient)[frozen] == 0).all()


@quick
@given(rules, tensors(moderate), masks, st.floats(0, 10), tensors(moderate))
def test_the_steepest_move_stays_inside_and_no_vertex_gains_more(rule, x, missing, epsilon, gradient):
    budget = rule.budget(x, missing, epsilon)
    move = budget.steepest(gradient)
    assert not budget.outside(x + move).any()
    gain = (move.double() * gradient.double()).sum(dim=1)
    best = (budget.width.double() * gradient.double().abs()).sum(dim=1)
    torch.testing.assert_close(gain, best)


@quick
@given(rules, tensors(moderate), masks, st.floats(0, 5), st.floats(0, 5))
def test_budgets_grow_with_epsilon_up_to_the_envelope(rule, x, missing, one, other):
    small, large = sorted((one, other))
    budgets = [rule.budget(x, missing, epsilon) for epsilon in (small, large, math.inf)]
    for inner, outer in itertools.pairwise(budgets):
        assert (inner.lower >= outer.lower).all()
        assert (inner.upper <= outer.upper).all()


@quick
@given(rules, tensors(moderate), masks)
def test_epsilon_zero_is_a_point(rule, x, missing):
    budget = rule.budget(x, missing, 0.0)
    assert torch.equal(budget.lower, x)
    assert torch.equal(budget.upper, x)


def test_width_is_epsilon_times_scale_and_the_cap_is_relative_to_the_physical_value():
    mean, sigma = 30.0, 10.0
    rule = BudgetRule(
        torch.tensor([2.0]), torch.tensor([False]), torch.tensor([mean / sigma]), relative_cap=0.2
    )
    x = (torch.tensor([[25.0], [1.0], [-1.0], [0.0]]) - mean) / sigma
    budget = rule.budget(x, torch.zeros(4, 1, dtype=torch.bool), 0.1)
    width = (budget.upper - budget.lower) / 2
    # 0.1 x 2 sigma are 2 units; 20 % of 25, 1, -1 and 0 units are 5, 0.2, 0.2 and 0.
    torch.testing.assert_close(width * sigma, torch.tensor([[2.0], [0.2], [0.2], [0.0]]), rtol=0, atol=1e-5)


def test_nan_counts_as_outside():
    rule = BudgetRule(torch.ones(1), torch.tensor([False]), torch.zeros(1))
    budget = rule.budget(torch.zeros(1, 1), torch.zeros(1, 1, dtype=torch.bool), 1.0)
    assert budget.outside(torch.tensor([[torch.nan]])).all()
    assert not budget.holds(torch.tensor([[torch.nan]]))


def normalisation(table, size=None):
    size = table.size if size is None else size
    return Normalisation(table.names, np.full(size, 3.0), np.full(size, 2.0), np.zeros(size))


def test_a_rule_reads_the_feature_table(table):
    rules = {
        name: BudgetRule.of(table, normalisation(table), factors=name)
        for name in ("none", "as_coded", "as_intended")
    }
    assert (rules["none"].scale == 1).all()
    assert torch.equal(rules["as_coded"].scale, torch.tensor(table.shift_as_coded))
    assert torch.equal(rules["as_intended"].scale, torch.tensor(table.shift_as_intended))
    assert not torch.equal(rules["as_coded"].scale, rules["as_intended"].scale)
    assert rules["none"].integer.sum() == 3 + 6
    assert (rules["none"].centre == 1.5).all()
    assert rules["none"].scale.dtype == torch.float32


def test_wrong_rules_are_refused(table):
    with pytest.raises(InputError, match="unknown set of shift factors 'half': use one of as_coded"):
        BudgetRule.of(table, normalisation(table), factors="half")
    with pytest.raises(InputError, match="184 inputs, the normalisation 3"):
        BudgetRule.of(table, normalisation(table, 3))
    with pytest.raises(InputError, match="relative_cap is -1"):
        BudgetRule.of(table, normalisation(table), relative_cap=-1)
    with pytest.raises(InputError, match="negative or not finite"):
        BudgetRule(torch.tensor([-1.0]), torch.tensor([False]), torch.zeros(1))


def test_a_rule_says_what_it_lacks():
    rule = BudgetRule(torch.ones(1), torch.tensor([False]), torch.zeros(1), unit=torch.ones(1))
    assert rule.needed("unit") is rule.unit
    with pytest.raises(InputError, match="no spread of its inputs: make it from a feature table"):
        rule.needed("spread")
