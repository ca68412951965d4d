"""Physical budgets on the study's own feature table."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from robustag.attacks import BudgetRule, Sweep, audit
from robustag.attacks.validity import BlockCovariances
from robustag.features.blocks import Block
from robustag.models import build_model
from robustag.tensors import Normalisation
from robustag.training import build_loss

PARAMETERS = ("D0", "Z0", "PHI", "THETA", "QOVERP")
JETS = 300


def names(table):
    """Variables of a track."""
    return [variable.name for variable in table.element_block("track").variables]


@pytest.fixture(scope="module")
def physical(table):
    """Physical jets whose tracks have strongly correlated, valid covariances, and their scaling."""
    rng = np.random.default_rng(3)
    values = rng.uniform(0.05, 0.35, (JETS, table.size))
    size = 10.0 ** np.array([-2, -1, -3, -3, -3])
    for t in range(6):
        root = rng.normal(size=(JETS, 5, 5)) * size[:, None]
        covariance = root @ root.transpose(0, 2, 1)
        for i, first in enumerate(PARAMETERS):
            for j in range(i + 1):
                values[:, table.index(f"track_{t}_{first}{PARAMETERS[j]}")] = covariance[:, i, j]
    values[:, table.integer] = rng.integers(0, 5, (JETS, table.integer.sum()))
    missing = np.repeat(rng.random((JETS, 6)) < 0.2, 1, axis=1)
    absent = np.zeros(values.shape, dtype=bool)
    for t in range(6):
        absent[:, [table.index(f"track_{t}_{v}") for v in names(table)]] = missing[:, [t]]
    normalisation = Normalisation(
        table.names, values.mean(axis=0), np.maximum(values.std(axis=0), 1e-12), np.zeros(table.size)
    )
    x = torch.tensor(normalisation.scale(values), dtype=torch.float32)
    return x, torch.from_numpy(absent), normalisation


def smallest_eigenvalue(x, table, normalisation):
    """Of each track's correlation matrix, [6, N]; -inf where a variance is not positive."""
    values = normalisation.unscale(x.double().numpy())
    least = []
    for t in range(6):
        at = {name: values[:, table.index(f"track_{t}_{name}")] for name in names(table)}
        matrix = np.stack(
            [[at[f"{PARAMETERS[max(i, j)]}{PARAMETERS[min(i, j)]}"] for j in range(5)] for i in range(5)]
        ).transpose(2, 0, 1)
        variance = np.diagonal(matrix, axis1=1, axis2=2)
        positive = (variance > 0).all(axis=1)
        root = np.sqrt(np.where(positive[:, None], variance, 1.0))
        eigenvalues = np.linalg.eigvalsh(matrix / root[:, :, None] / root[:, None, :])
        least.append(np.where(positive, eigenvalues[:, 0], -np.inf))
    return np.stack(least)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("epsilon", [0.01, 0.5, 5.0])
def test_ranges_and_covariances_hold_after_the_move(physical, table, norm, epsilon):
    x, missing, normalisation = physical
    rule = BudgetRule.of(table, normalisation, physical=True, norm=norm)
    budget = rule.budget(x, missing, epsilon)
    point = x + 3 * epsilon * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    moved = budget.project(point)
    assert not budget.outside(moved).any()
    assert torch.equal(budget.project(moved), moved)
    assert (smallest_eigenvalue(moved, table, normalisation) > -1e-12).all()
    values = normalisation.unscale(moved.double().numpy())
    slack = 1e-5 * normalisation.sigma
    exists = ~missing.numpy()
    assert ((values >= table.lower - slack) | ~exists).all()
    assert ((values <= table.upper + slack) | ~exists).all()
    assert (moved != x).double().mean() > 0.3


def test_without_it_covariances_break(physical, table):
    """Otherwise the test above would test nothing."""
    x, missing, normalisation = physical
    moved = BudgetRule.of(table, normalisation).budget(x, missing, 0.5).extreme(torch.ones(1, 1))
    budget = BudgetRule.of(table, normalisation, physical=True).budget(x, missing, 0.5)
    assert budget.covariances.broken(-moved).any()
    assert not budget.covariances.broken(x).any()


def test_correlations_that_are_possible_by_pairs_can_be_impossible_together(physical, table):
    """Three parameters cannot all be opposed to one another."""
    x, _, normalisation = physical
    values = normalisation.unscale(x[:1].double().numpy())
    for (i, first), (j, second) in product(enumerate(PARAMETERS), repeat=2):
        if j <= i:
            values[:, table.index(f"track_0_{first}{second}")] = 1e-4 if i == j else -0.6e-4 * (i < 3)
    track = torch.tensor(normalisation.scale(values), dtype=torch.float32)
    covariances = BudgetRule.of(table, normalisation).covariances
    assert covariances.broken(track)[0].tolist() == [True] + 5 * [False]
    values[:, table.index("track_0_PHID0")] = 0.6e-4
    values[:, table.index("track_0_PHIZ0")] = -0.6e-4
    track = torch.tensor(normalisation.scale(values), dtype=torch.float32)
    assert not covariances.broken(track).any()


def test_a_covariance_that_the_table_lacks_counts_as_zero():
    """Two elements of three variances and two of the three covariances, all in units of the variances."""
    roles = [{"variance_of": name} for name in "abc"] + [
        {"covariance_of": pair} for pair in (["a", "b"], ["c", "b"])
    ]
    variables = [{"name": name, "unit": "1", "missing": {}} for name in "abc"]
    variables += [{"name": f"v{i}", "unit": "1", "missing": {}, "role": role} for i, role in enumerate(roles)]
    block = Block.parse({"name": "track", "count": 2, "variables": variables}, 1)
    covariances = BlockCovariances.of(block, SimpleNamespace(mean=np.zeros(17), sigma=np.ones(17)))
    x = torch.zeros(1, 17)
    first = block.columns[3:, 0]
    assert sorted(covariances.entries[0].tolist()) == first.tolist()
    x[:, block.columns[3:6].ravel()] = 1.0
    # Eigenvalues are 1 and 1 +- the length of (ab, cb).
    for correlations, broken in (((0.7, 0.7), False), ((0.72, 0.72), True), ((0.9, 0.0), False)):
        x[:, first[3:]] = torch.tensor(correlations)
        assert covariances.broken(x).tolist() == [[broken, False]]


def test_a_move_that_leaves_every_covariance_valid_is_kept(physical, table):
    x, missing, normalisation = physical
    budget = BudgetRule.of(table, normalisation, physical=True).budget(x, missing, 5.0)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(5))
    point = torch.clamp(x + 1e-4 * noise, budget.lower, budget.upper)
    valid = ~budget.covariances.broken(point).any(dim=1)
    assert valid.double().mean() > 0.1
    assert torch.equal(budget.project(point)[valid], point[valid])


def test_what_is_frozen_or_missing_stays_while_the_rest_is_pulled_back(physical, table):
    """Only one covariance may move: it goes as far as the others let it, within its interval."""
    x, missing, normalisation = physical
    free = table.index("track_0_THETAPHI")
    frozen = [name for index, name in enumerate(table.names) if index != free]
    rule = BudgetRule.of(table, normalisation, physical=True, frozen=frozen)
    budget = rule.budget(x, missing, 5.0)
    moved = budget.project(x + 5)
    still = torch.arange(table.size) != free
    assert torch.equal(moved[:, still], x[:, still])
    assert torch.equal(moved[missing], x[missing])
    there = ~missing[:, free]
    assert (moved[there, free] > x[there, free]).all()
    assert (moved <= budget.upper).all()
    assert (moved < budget.upper)[there, free].any()
    assert not rule.covariances.broken(moved).any()


def test_a_covariance_goes_as_far_as_it_may(physical, table):
    """The pulled-back track stands at the edge: no inverse, or a variance at its floor.

    In double precision, as single precision rounds inputs by more than the distance from some edges.
    """
    x, missing, normalisation = physical
    x = x.double()
    rule = BudgetRule.of(table, normalisation, physical=True)
    budget = rule.budget(x, missing, 5.0)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(2))
    target = torch.clamp(x + 5 * noise, budget.lower, budget.upper)
    moved = budget.project(target)
    (part,) = rule.covariances.parts
    columns = part.entries[0]
    pulled = ((moved != target)[:, columns].any(dim=1)).nonzero()[:, 0]
    assert len(pulled) > JETS // 4
    further = x + (moved - x) * 1.001
    variances = [table.index(f"track_0_{name}{name}") for name in PARAMETERS]
    before, after = (normalisation.unscale(jets.double().numpy())[:, variances] for jets in (x, further))
    small = torch.from_numpy((after < 1e-3 * before).any(axis=1))
    worse = rule.covariances.broken(further)[:, 0] | small
    assert worse[pulled].all()


def test_no_track_stays_because_inputs_are_rounded(physical, table):
    x, missing, normalisation = physical
    budget = BudgetRule.of(table, normalisation, physical=True).budget(x, missing, 5.0)
    moved = budget.project(x + 5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(2)))
    for columns, track in zip(budget.covariances.parts[0].entries, range(6), strict=True):
        there = ~missing[:, table.index(f"track_{track}_D0")]
        assert (moved != x)[there][:, columns].any(dim=1).all()


def test_a_jet_that_moves_as_one_is_not_held_back_by_missing_tracks(physical, table):
    x, missing, normalisation = physical
    covariances = BudgetRule.of(table, normalisation, physical=True).covariances
    # What stands in for a missing track has no variance.
    x = torch.where(missing, torch.tensor(normalisation.scale(np.zeros((1, table.size)))).float(), x)
    target = torch.where(
        missing, x, x + 0.5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(4))
    )
    moved = covariances.restore(x, target, together=True)
    assert (moved != x).any(dim=1).all()
    wanted, done = (target - x).double(), (moved - x).double()
    share = torch.where(wanted.abs() > 0.05, done / wanted, torch.nan)
    most = share.nan_to_num(-torch.inf).amax(dim=1)
    torch.testing.assert_close(share.nan_to_num(torch.inf).amin(dim=1), most, rtol=0, atol=1e-4)
    assert not covariances.spoilt(x, moved).any()


def test_the_share_is_the_same_for_all_entries_of_a_track(physical, table):
    x, missing, normalisation = physical
    rule = BudgetRule.of(table, normalisation, physical=True)
    budget = rule.budget(x, missing, 2.0)
    target = torch.clamp(
        x + torch.randn(x.shape, generator=torch.Generator().manual_seed(2)), budget.lower, budget.upper
    )
    moved = budget.project(target)
    (part,) = rule.covariances.parts
    columns = part.entries[2]
    wanted, done = (target - x)[:, columns].double(), (moved - x)[:, columns].double()
    rows = (wanted.abs() > 0.05).all(dim=1)
    share = (done / wanted)[rows]
    torch.testing.assert_close(share, share[:, :1].expand_as(share), rtol=0, atol=1e-4)


def test_the_resolution_scale_is_what_the_track_reports(physical, table):
    x, missing, normalisation = physical
    budget = BudgetRule.of(table, normalisation, factors="resolution").budget(x, missing, 0.5)
    values = normalisation.unscale(x.double().numpy())
    half = ((budget.upper - budget.lower) / 2).double().numpy() * normalisation.sigma
    for parameter in PARAMETERS:
        column, source = (table.index(f"track_3_{name}") for name in (parameter, 2 * parameter))
        exists = ~missing.numpy()[:, column]
        expected = 0.5 * np.sqrt(values[exists, source])
        np.testing.assert_allclose(
            half[exists, column], expected, rtol=1e-3, atol=1e-6 * normalisation.sigma[column]
        )
    assert not budget.movable[:, table.index("jet_pt")].any()
    assert not budget.movable[:, table.index("track_0_D0D0")].any()


def test_chosen_inputs_and_groups_stay(physical, table):
    x, missing, normalisation = physical
    rule = BudgetRule.of(table, normalisation, frozen=["vertex", "track_*_D0"])
    movable = rule.budget(x, missing, 0.1).movable
    still = np.array([group == "vertex" for group in table.groups])
    still[[table.index(f"track_{t}_D0") for t in range(6)]] = True
    assert not movable[:, still].any()
    assert movable[:, ~still & ~table.integer].any(dim=0).all()


@pytest.mark.parametrize("name", ["fgsm", "pgd", "random_search"])
def test_attacks_keep_physical_budgets(physical, table, name):
    x, missing, normalisation = physical
    options = {
        "pgd": {"steps": 3, "rate": 2.5, "restarts": 0},
        "random_search": {"queries": 5, "share": 0.5, "objective": "margin"},
    }
    model = build_model({"name": "mlp", "hidden": [16], "dropout": 0.0}, table.size, seed=3).eval()
    label = torch.arange(JETS) % 3
    loss = build_loss({"name": "cross_entropy"})
    rule = BudgetRule.of(table, normalisation, physical=True)
    attack = Sweep({"name": name, **options.get(name, {})}, model, loss, x, missing, label, rule, seed=1)
    found = audit(attack, 1.0, attack(1.0))
    assert found["invalid_covariances"] == 0
    assert found["moved"] > 0.1
