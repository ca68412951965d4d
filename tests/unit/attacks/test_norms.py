"""Balls and ellipsoids: closed forms, and properties over random budgets."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from robustag.attacks import Budget, BudgetRule
from robustag.attacks.norms import Metric
from robustag.errors import InputError

JETS, FEATURES = 5, 6
GROUP = torch.eye(2).repeat_interleave(3, dim=0)


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@st.composite
def budgets(draw, norms=("linf", "l2", "l2_group", "mahalanobis")):
    """A random budget with frozen and missing entries, perhaps with a cap and with ranges."""
    seed = draw(st.integers(0, 2**31))
    root = normal(seed, 3, FEATURES, 2 * FEATURES)
    rule = BudgetRule(
        scale=normal(seed + 1, FEATURES).abs() * (normal(seed + 2, FEATURES) > -1),
        integer=normal(seed + 3, FEATURES) > 1,
        centre=3 * normal(seed + 4, FEATURES),
        relative_cap=draw(st.none() | st.floats(0.01, 1)),
        norm=draw(st.sampled_from(norms)),
        group=GROUP.double(),
        spread=root @ root.mT,
    )
    if draw(st.booleans()):
        rule = replace(rule, lower=-normal(seed + 5, FEATURES).abs(), upper=normal(seed + 6, FEATURES).abs())
    x = normal(seed + 7, JETS, FEATURES)
    missing = normal(seed + 8, JETS, FEATURES) > 1
    label = torch.arange(JETS) % 3
    epsilon = draw(st.sampled_from([0.0, 0.001, 0.1, 1.0, 10.0]))
    return rule.budget(x, missing, epsilon, label)


quick = settings(max_examples=150, deadline=None)


@quick
@given(budgets(), st.integers(0, 2**31), st.sampled_from([0.01, 1.0, 100.0]), st.booleans())
def test_projection_lands_inside_is_idempotent_and_keeps_what_is_inside(budget, seed, far, edge):
    point = budget.origin + far * normal(seed, JETS, FEATURES)
    if edge:
        # Beyond a ball's radius by less than counts as rounding: inside, and shortened all the same.
        point = budget.origin + (1 + 5e-5) * (budget.project(point) - budget.origin)
    projected = budget.project(point)
    assert not budget.outside(projected).any()
    assert torch.equal(budget.project(projected), projected)
    jets = ~budget.outside(point).any(dim=1)
    assert budget.holds(projected)
    assert budget.holds(point) == bool(jets.all())
    # What counts as rounding is relative to the move, which a wide covariance lets be many epsilons long.
    kept, move = (x[jets] - budget.origin[jets] for x in (projected, point))
    torch.testing.assert_close(kept, move, rtol=1e-4, atol=1e-12)
    assert torch.equal(budget.project(budget.origin), budget.origin)


@quick
@given(budgets(), st.integers(0, 2**31))
def test_frozen_entries_stay_and_moves_are_inside(budget, seed):
    gradient = normal(seed, JETS, FEATURES)
    frozen = budget.missing | budget.rule.integer | (budget.rule.scale == 0)
    assert not budget.movable[frozen].any()
    for x in (budget.origin + budget.steepest(gradient), budget.extreme(gradient)):
        assert torch.equal(x[frozen], budget.origin[frozen])
        assert not budget.outside(budget.project(x)).any()
    torch.testing.assert_close(
        budget.project(budget.origin + budget.steepest(gradient)), budget.extreme(gradient)
    )


@quick
@given(budgets(norms=("linf", "l2", "l2_group")), st.integers(0, 2**31))
def test_no_random_point_gains_more_than_the_steepest_move(budget, seed):
    gradient = normal(seed, JETS, FEATURES)
    best = (budget.steepest(gradient) * gradient).sum(dim=1)
    for number in range(20):
        point = budget.project(budget.origin + 10 * budget.epsilon * normal(seed + number, JETS, FEATURES))
        gain = ((point - budget.origin) * gradient).sum(dim=1)
        assert (gain <= best * (1 + 1e-4) + 1e-9).all()


@pytest.mark.slow
@quick
@given(budgets(norms=("l2",)), st.integers(0, 2**31))
def test_l2_projection_is_the_closest_point(budget, seed):
    point = budget.origin + 3 * budget.epsilon * normal(seed, JETS, FEATURES)
    scale = budget.rule.scale.clamp(min=1e-9)

    def distance(x):
        return ((x - point) / scale * budget.movable).square().sum(dim=1)

    closest = distance(budget.project(point))
    for number in range(20):
        near = budget.project(
            budget.project(point) + 0.1 * budget.epsilon * normal(seed + number, JETS, FEATURES)
        )
        assert (distance(near) >= closest * (1 - 1e-3) - 1e-9).all()


def linear_gain(rule, epsilon, gradient, x):
    """The largest gain in the budget, by a general optimiser, for one jet without frozen entries."""
    budget = rule.budget(x[None], torch.zeros(1, len(x), dtype=torch.bool), epsilon, torch.tensor([1]))
    radius = float(budget.ball.radius[0, 0])
    inverse = np.linalg.inv(rule.spread[1].numpy() * np.outer(rule.scale, rule.scale))
    metric = inverse if rule.norm == "mahalanobis" else np.diag(1 / rule.scale.numpy() ** 2)
    bounds = list(
        zip(
            (budget.lower - budget.origin)[0].tolist(),
            (budget.upper - budget.origin)[0].tolist(),
            strict=True,
        )
    )
    found = minimize(
        lambda move: -float(gradient.numpy() @ move),
        np.zeros(len(x)),
        jac=lambda move: -gradient.numpy(),
        bounds=bounds,
        constraints={
            "type": "ineq",
            "fun": lambda move: radius**2 - move @ metric @ move,
            "jac": lambda move: -2 * metric @ move,
        },
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    return -found.fun, float((budget.steepest(gradient[None]) * gradient).sum())


@pytest.mark.parametrize(("norm", "cap"), [("l2", None), ("l2", 0.15), ("mahalanobis", None)])
@pytest.mark.parametrize("seed", range(5))
def test_the_steepest_move_is_the_optimum_of_a_linear_model(norm, cap, seed):
    root = normal(seed, 3, FEATURES, 2 * FEATURES) / math.sqrt(2 * FEATURES)
    rule = BudgetRule(
        normal(seed + 1, FEATURES).abs() + 0.2,
        torch.zeros(FEATURES, dtype=torch.bool),
        torch.zeros(FEATURES, dtype=torch.float64),
        cap,
        norm,
        spread=root @ root.mT,
    )
    optimum, ours = linear_gain(rule, 0.2, normal(seed + 2, FEATURES), normal(seed + 3, FEATURES))
    assert ours == pytest.approx(optimum, rel=1e-5)


def test_closed_forms_of_the_gain_in_each_norm():
    """max g.d is epsilon |g|_1, epsilon sqrt(F) |g|_2, epsilon sum of |g|_2 over groups, and
    epsilon sqrt(F) sqrt(g C g)."""
    g, x = normal(1, JETS, FEATURES), normal(2, JETS, FEATURES)
    root = normal(3, 3, FEATURES, 2 * FEATURES)
    spread, label = root @ root.mT, torch.arange(JETS) % 3
    expected = {
        "linf": g.abs().sum(dim=1),
        "l2": math.sqrt(FEATURES) * g.norm(dim=1),
        "l2_group": g[:, :3].norm(dim=1) + g[:, 3:].norm(dim=1),
        "mahalanobis": math.sqrt(FEATURES) * torch.einsum("nf,nfg,ng->n", g, spread[label], g).sqrt(),
    }
    nothing = torch.zeros(FEATURES, dtype=torch.bool)
    for norm, gain in expected.items():
        rule = BudgetRule(
            torch.ones(FEATURES).double(), nothing, x[0], norm=norm, group=GROUP.double(), spread=spread
        )
        budget = rule.budget(x, nothing.expand_as(x), 0.03, label)
        torch.testing.assert_close((budget.steepest(g) * g).sum(dim=1), 0.03 * gain)


def test_a_missing_input_is_no_part_of_the_metric():
    """The metric of what exists is the inverse of its own covariance, not a block of the whole inverse."""
    covariance = torch.tensor([[1.0, 0.8], [0.8, 1.0]]).double().expand(3, 2, 2)
    rule = BudgetRule(
        torch.ones(2).double(),
        torch.zeros(2) > 1,
        torch.zeros(2).double(),
        norm="mahalanobis",
        spread=covariance,
    )
    missing = torch.tensor([[False, False], [False, True]])
    budget = rule.budget(torch.zeros(2, 2).double(), missing, 0.1, torch.tensor([0, 0]))
    move = torch.tensor([[0.1, 0.0], [0.1, 0.0]]).double()
    relative = budget.ball.size(move)
    torch.testing.assert_close(relative[0], torch.tensor(1 / math.sqrt(2 * (1 - 0.64))).double())
    torch.testing.assert_close(relative[1], torch.tensor(1.0).double())


def test_an_input_that_stays_conditions_the_others():
    """Given the second of two inputs of correlation 0.8, the first has variance 1 - 0.64: a move of it alone
    is as long as if both could move. A third one that is missing is averaged over."""
    covariance = torch.tensor([[1.0, 0.8, 0.3], [0.8, 1.0, 0.5], [0.3, 0.5, 1.0]]).double().expand(3, 3, 3)
    missing = torch.tensor([[False, False, True]])
    move = torch.tensor([[0.1, 0.0, 0.0]]).double()
    counts = torch.tensor([False, True, False])
    for scale, integer in (([2.0, 0.0, 1.0], counts & False), ([2.0, 1.0, 1.0], counts)):
        rule = BudgetRule(
            torch.tensor(scale).double(),
            integer,
            torch.zeros(3).double(),
            norm="mahalanobis",
            spread=covariance,
        )
        budget = rule.budget(torch.zeros(1, 3).double(), missing, 0.1, torch.tensor([0]))
        deviation = 2 * math.sqrt(1 - 0.64)
        torch.testing.assert_close(budget.ball.size(move), torch.tensor([0.1 / (0.1 * deviation)]).double())
        farthest = budget.steepest(torch.tensor([[1.0, 1.0, 1.0]]).double())
        torch.testing.assert_close(farthest, torch.tensor([[0.1 * deviation, 0.0, 0.0]]).double())
        torch.testing.assert_close(budget.upper, farthest)


@pytest.mark.parametrize("seed", range(3))
def test_moves_are_as_long_as_in_the_gaussian_of_all_inputs_that_exist(seed):
    """A move with zeros where inputs stay has one length, whether conditioned or in the full metric."""
    root = normal(seed, 3, FEATURES, 2 * FEATURES)
    rule = BudgetRule(
        torch.tensor([1.0, 0.0, 2.0, 0.5, 0.0, 1.0]).double(),
        torch.tensor([False, False, False, True, False, False]),
        torch.zeros(FEATURES).double(),
        norm="mahalanobis",
        spread=root @ root.mT,
    )
    missing = torch.tensor([[False] * FEATURES, [False, True, False, False, False, True]])
    budget = rule.budget(torch.zeros(2, FEATURES).double(), missing, 0.1, torch.tensor([1, 2]))
    move = normal(seed + 1, 2, FEATURES) * budget.movable
    assert (move != 0).sum(dim=1).tolist() == [3, 2]
    for jet, flavour in enumerate((1, 2)):
        there = ~missing[jet]
        unit = torch.where(rule.scale > 0, move[jet] / rule.scale, 0.0)[there]
        full = (unit @ torch.linalg.inv(rule.spread[flavour][there][:, there]) @ unit).sqrt()
        torch.testing.assert_close(budget.ball.metric.distance(move)[jet], full)


def mahalanobis(seed):
    root = normal(seed, 3, FEATURES, 2 * FEATURES)
    nothing = torch.zeros(FEATURES, dtype=torch.bool)
    ones = torch.ones(FEATURES).double()
    return BudgetRule(ones, nothing, 0 * ones, norm="mahalanobis", spread=root @ root.mT)


def test_jets_of_a_combination_have_the_metric_that_each_has_alone():
    """Combinations of one, two and many jets, some of equally many, in any order."""
    jets = 60
    rule, label = mahalanobis(1), torch.arange(jets) % 3
    missing = torch.zeros(jets, FEATURES, dtype=torch.bool)
    missing[::7, 1], missing[:9:2, 2], missing[50, 3], missing[51:53, 4] = True, True, True, True
    metric, vectors = rule.metric(missing, label), normal(2, jets, FEATURES) * ~missing
    runs = dict(metric.runs)
    assert max(runs) > 1
    assert max(runs.values()) > 1
    assert sum(number * each for number, each in metric.runs) == jets
    for jet in range(jets):
        one = slice(jet, jet + 1)
        alone = rule.metric(missing[one], label[one])
        torch.testing.assert_close(metric.spread(vectors)[one], alone.spread(vectors[one]))
        torch.testing.assert_close(metric.distance(vectors)[one], alone.distance(vectors[one]))
        torch.testing.assert_close(metric.deviation()[one], alone.deviation())


def test_lengths_in_an_ellipsoid_are_measured_no_more_often_than_needed(monkeypatch):
    """Every length is a product of each jet with a matrix of its own, which is most of such an attack."""
    measured, distance = [], Metric.distance
    monkeypatch.setattr(Metric, "distance", lambda *of: measured.append(1) or distance(*of))
    x, nothing = normal(3, JETS, FEATURES), torch.zeros(JETS, FEATURES, dtype=torch.bool)
    budget = mahalanobis(1).budget(x, nothing, 0.1, torch.arange(JETS) % 3)
    gradient = normal(4, JETS, FEATURES)
    within = budget.step(x, gradient, 0.5)
    assert len(measured) == 1
    # One that is shortened is measured again, for rounding.
    torch.testing.assert_close(budget.step(x, gradient, 3.0) - x, 2 * (within - x))
    assert len(measured) == 3


def test_tiny_gradients_do_not_underflow():
    """Gradients of focal losses with gamma 25 are 1e-20 and less: their squares are zero in float32."""
    x = torch.zeros(4, FEATURES)
    gradient = normal(5, 4, FEATURES).float()
    for norm in ("linf", "l2"):
        budget = Budget.around(x, 0.1, norm=norm)
        torch.testing.assert_close(budget.steepest(1e-25 * gradient), budget.steepest(gradient))
        assert not budget.steepest(0 * gradient).any()


@pytest.mark.parametrize("norm", ["mahalanobis", "manhattan"])
def test_a_norm_without_what_it_needs_is_refused(norm):
    with pytest.raises(InputError, match=norm):
        Budget.around(torch.zeros(2, 3), 0.1, norm=norm)


@pytest.mark.parametrize("norm", ["l2", "l2_group"])
def test_a_jet_far_out_may_be_a_rounding_beyond_its_ball_and_no_more(norm):
    """At 300 sigma float32 holds a move of 0.005 to 0.3 %."""
    nothing = torch.zeros(FEATURES, dtype=torch.bool)
    rule = BudgetRule(torch.ones(FEATURES), nothing, torch.zeros(FEATURES), norm=norm, group=GROUP)
    x = torch.full((200, FEATURES), 300.0) + torch.arange(200)[:, None] * 0.37
    budget = rule.budget(x, nothing.expand_as(x), 0.005, torch.zeros(200, dtype=torch.int64))
    direction = normal(3, 200, FEATURES).float()
    shifted = budget.project(x + direction)
    relative = budget.ball.size(shifted - x)
    assert relative.max() > 1 + 1e-4, "rounding shows"
    assert not budget.outside(shifted).any()
    assert budget.outside(x + 1.1 * (shifted - x)).any(dim=1).float().mean() > 0.9
