"""Physical budgets on the study's own feature table."""

import numpy as np
import pytest
import torch

from robustag.attacks import BudgetRule, Sweep, audit
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


def correlations(x, table, normalisation):
    """Smallest variance relative to 0, and largest |correlation|, of each track, in physical units."""
    values = normalisation.unscale(x.double().numpy())
    lowest, largest = [], []
    for t in range(6):
        at = {name: values[:, table.index(f"track_{t}_{name}")] for name in names(table)}
        variances = np.stack([at[f"{name}{name}"] for name in PARAMETERS])
        lowest.append(variances.min(axis=0))
        for i, first in enumerate(PARAMETERS):
            for j in range(i):
                product = variances[i] * variances[j]
                largest.append(at[f"{first}{PARAMETERS[j]}"] ** 2 / np.where(product > 0, product, np.nan))
    return np.stack(lowest).min(axis=0), np.nanmax(np.stack(largest), axis=0)


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
    lowest, largest = correlations(moved, table, normalisation)
    assert (lowest > 0).all()
    assert (largest <= 1).all()
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


def test_a_covariance_goes_as_far_as_it_may(physical, table):
    """The pulled-back track stands at the edge: a correlation of one, or a variance at its floor."""
    x, missing, normalisation = physical
    rule = BudgetRule.of(table, normalisation, physical=True)
    budget = rule.budget(x, missing, 5.0)
    target = torch.clamp(
        x + 5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(2)), budget.lower, budget.upper
    )
    moved = budget.project(target)
    (part,) = rule.covariances.parts
    columns = torch.cat([part.variance, part.covariance], dim=1)[0]
    pulled = ((moved != target)[:, columns].any(dim=1)).nonzero()[:, 0]
    assert len(pulled) > JETS // 4
    further = x + (moved - x) * 1.001
    worse = rule.covariances.broken(further) | part._small(x, further)
    assert worse[pulled, 0].double().mean() > 0.99


def test_the_share_is_the_same_for_all_entries_of_a_track(physical, table):
    x, missing, normalisation = physical
    rule = BudgetRule.of(table, normalisation, physical=True)
    budget = rule.budget(x, missing, 2.0)
    target = torch.clamp(
        x + torch.randn(x.shape, generator=torch.Generator().manual_seed(2)), budget.lower, budget.upper
    )
    moved = budget.project(target)
    (part,) = rule.covariances.parts
    columns = torch.cat([part.variance, part.covariance], dim=1)[2]
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
