"""What holds between the inputs of a jet, before and after attacks that have to keep it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import lsq_linear
from tests.unit.attacks.definitions import CHUNKABLE, DEFINITIONS

from robustag.attacks import ATTACKS, BudgetRule, Sweep, audit
from robustag.attacks.related import falling
from robustag.attacks.relations import Relations
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.models import build_model
from robustag.tensors import Normalisation
from robustag.training import build_loss

JETS, TRACKS = 300, 4
MISSING = {"stand_in": -9.0}
PARAMETERS = ("d", "z")


def variable(name, role=None, **more):
    return {"name": name, "unit": "1", "missing": MISSING, **({"role": role} if role else {}), **more}


def document(**changes):
    """Tracks with a covariance and a signed significance, ordered by it; shares, counts, and a copy of one
    track's significance."""
    covariances = [{"variance_of": "d"}, {"covariance_of": ["z", "d"]}, {"variance_of": "z"}]
    track = [variable(name) for name in PARAMETERS]
    track += [
        variable(name, role, range=[0, None] if "variance_of" in role else [None, None])
        for name, role in zip(("dd", "zd", "zz"), covariances, strict=True)
    ]
    track.append(variable("s", {"significance_of": "d"}))
    jet = [variable("pt"), variable("n", "count", range=[0, None]), variable("z_of_second", range=[0, None])]
    jet += [variable(name, range=[0, 1]) for name in ("hadrons", "photons", "muons")]
    return {
        "data_set": "related",
        "relations": [
            {"sum": ["hadrons", "photons", "muons"]},
            {"count": "n", "block": "track"},
            {"significance": "z_of_second", "block": "track", "of": "z", "by": "d", "rank": 2},
        ],
        "blocks": [
            {"name": "jet", "variables": jet},
            {"name": "track", "count": TRACKS, "order_by": {"significance_of": "d"}, "variables": track},
        ],
        **changes,
    }


@pytest.fixture(scope="module")
def related():
    return FeatureTable.from_document(document())


def simulated(table, seed=5):
    """Physical values [N, F] of jets in which everything holds, NaN where missing."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(JETS, TRACKS, 2, 2)) * [[0.1], [0.3]]
    covariance = root @ root.swapaxes(2, 3) + np.diag([0.002, 0.01])
    d, z = rng.normal(size=(2, JETS, TRACKS))
    order = np.argsort(-d / np.sqrt(covariance[..., 0, 0]), axis=1)
    jets = np.arange(JETS)[:, None]
    d, z, covariance = d[jets, order], z[jets, order], covariance[jets, order]
    number = rng.integers(0, TRACKS + 1, JETS)
    gone = np.arange(TRACKS) >= number[:, None]
    at = {"d": d, "z": z}
    at |= {"dd": covariance[..., 0, 0], "zd": covariance[..., 1, 0], "zz": covariance[..., 1, 1]}
    at["s"] = d / np.sqrt(at["dd"])
    values = np.empty((JETS, table.size))
    for name, numbers in at.items():
        for t in range(TRACKS):
            values[:, table.index(f"track_{t}_{name}")] = np.where(gone[:, t], np.nan, numbers[:, t])
    second = np.argsort(-np.where(gone, -1.0, np.abs(d)), axis=1)[:, 1]
    copied = (np.abs(z) / np.sqrt(at["zz"]))[np.arange(JETS), second]
    shares = rng.dirichlet([2.0, 1.0, 1.0, 0.2], JETS)
    values[:, [table.index(name) for name in ("hadrons", "photons", "muons")]] = shares[:, :3]
    values[:, table.index("z_of_second")] = np.where(number > 1, copied, np.nan)
    values[:, table.index("pt")] = rng.normal(size=JETS)
    values[:, table.index("n")] = number + rng.integers(0, 2, JETS)
    return values


def prepared(table, values):
    """Scaled jets, missing entries, scaling."""
    normalisation = Normalisation(
        table.names, np.nanmean(values, axis=0), np.nanstd(values, axis=0), np.full(table.size, -9.0)
    )
    missing = np.isnan(values)
    scaled = normalisation.scale(np.where(missing, -9.0, values))
    return torch.tensor(scaled, dtype=torch.float32), torch.from_numpy(missing), normalisation


def faults(table, normalisation, x, missing):
    """How far each relation is from holding, by name, [N]; NaN where there is none. By loops over jets."""
    values = np.where(missing, np.nan, normalisation.unscale(x.double().numpy()))
    found = {name: np.full(len(values), np.nan) for name in ("order", "own", "copy", "shares", "covariance")}
    for row, jet in enumerate(values):
        at = dict(zip(table.names, jet, strict=True))
        tracks = [t for t in range(TRACKS) if np.isfinite(at[f"track_{t}_d"])]
        d, dd, z, zz, zd, s = (
            np.array([at[f"track_{t}_{v}"] for t in tracks]) for v in ("d", "dd", "z", "zz", "zd", "s")
        )
        found["shares"][row] = max(0.0, at["hadrons"] + at["photons"] + at["muons"] - 1)
        if not tracks:
            continue
        with np.errstate(invalid="ignore"):
            key = d / np.sqrt(dd)
        size = np.maximum(1, np.abs(key))
        found["own"][row] = np.max(np.abs(np.abs(s) - np.abs(key)) / size)
        found["covariance"][row] = max(0.0, -np.min(np.minimum(dd, dd * zz - zd**2)))
        rises = [max(0.0, after - before) for before, after in pairwise(key)]
        found["order"][row] = max((rise / size.max() for rise in rises), default=0.0)
        if len(tracks) > 1:
            second = np.argsort(-np.abs(d))[1]
            found["copy"][row] = abs(at["z_of_second"] - abs(z[second]) / np.sqrt(zz[second])) / max(
                1.0, at["z_of_second"]
            )
    return found


@pytest.fixture(scope="module")
def jets(related):
    return prepared(related, simulated(related))


@pytest.fixture(scope="module")
def rule(related, jets):
    return BudgetRule.of(related, jets[2], physical="consistent")


def budget_of(rule, jets, epsilon):
    return rule.budget(jets[0], jets[1], epsilon)


def test_what_a_table_says_by_roles_and_orders_and_what_it_states(related, table):
    kinds = [type(relation).__name__ for relation in related.relations]
    assert kinds == ["Sorted", *TRACKS * ["Significance"], "Shares", "Occupancy", "Significance"]
    assert [type(relation).__name__ for relation in table.relations] == ["Sorted", *4 * ["Significance"]]


@pytest.mark.parametrize("name", ["jet_flavor", "deepntuple", "nanoaod", "pfnano", "pfnano_deepjet"])
def test_every_table_of_the_project_states_some(name, root):
    assert FeatureTable.load(root / "config" / "features" / f"{name}.yaml").relations


def test_clean_jets_keep_them(related, jets, rule):
    x, missing, normalisation = jets
    assert all(np.nanmax(fault) < 1e-3 for fault in faults(related, normalisation, x, missing).values())
    assert torch.equal(budget_of(rule, jets, 0.5).project(x), x)
    # Jets with two tracks and more have all of them; others lack what some are about.
    full = (~missing).all(dim=1)
    held = torch.cat([known.held for known in rule.relations.before(x, missing)], dim=1)
    assert bool(held[full].all())
    assert not bool(held.all())


@pytest.mark.parametrize("epsilon", [0.02, 0.3, 3.0])
def test_random_moves_are_brought_back(related, jets, rule, epsilon):
    x, missing, normalisation = jets
    budget = budget_of(rule, jets, epsilon)
    point = x + 2 * epsilon * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    moved = budget.project(point)
    assert not budget.outside(moved).any()
    assert budget.holds(moved)
    # Relations alone are enough to leave a region.
    assert not replace(budget, covariances=None).holds(point.clamp(budget.lower, budget.upper))
    assert ((moved >= budget.lower) & (moved <= budget.upper)).all()
    assert torch.equal(budget.project(moved), moved)
    assert torch.equal(moved[missing], x[missing])
    assert all(np.nanmax(fault) < 2e-3 for fault in faults(related, normalisation, moved, missing).values())
    # Most of the move is left, and what is in no relation moves as it would alone.
    assert ((moved != x) | missing)[:, ~rule.integer].double().mean() > 0.8
    free = related.index("pt")
    assert torch.equal(moved[:, free], point[:, free].clamp(budget.lower[:, free], budget.upper[:, free]))


def test_without_it_they_break(related, jets):
    """Otherwise the tests above would test nothing."""
    x, missing, normalisation = jets
    budget = BudgetRule.of(related, normalisation, physical=True).budget(x, missing, 0.3)
    moved = budget.project(x + torch.randn(x.shape, generator=torch.Generator().manual_seed(1)))
    found = faults(related, normalisation, moved, missing)
    assert np.nanmax(found["covariance"]) < 1e-9
    assert all(np.nanmean(found[name] > 2e-3) > 0.05 for name in ("order", "own", "copy", "shares"))


def test_a_relation_that_did_not_hold_is_left_out(related, jets, rule):
    x, missing, normalisation = jets
    wrong = x.clone()
    column = related.index("z_of_second")
    wrong[:, column] += 1.0
    budget = rule.budget(wrong, missing, 0.3)
    point = wrong + 0.3
    moved = budget.project(point)
    there = ~missing[:, column]
    # It moves freely, but where another relation takes the inputs of all back.
    free = moved[there, column] == budget.upper[there, column].minimum(point[there, column])
    assert free.double().mean() > 0.7
    found = faults(related, normalisation, moved, missing)
    assert all(np.nanmax(found[name]) < 2e-3 for name in ("order", "own", "shares"))


@pytest.mark.parametrize("name", [name for name in CHUNKABLE if ATTACKS[name].norm in ("linf", "none")])
def test_every_attack_keeps_them(related, jets, rule, name):
    x, missing, normalisation = jets
    model = build_model({"name": "mlp", "hidden": [16], "dropout": 0.0}, related.size, seed=3).eval()
    label = torch.arange(len(x)) % 3
    sources = (model,) if name == "transfer" else ()
    loss = build_loss({"name": "cross_entropy"})
    attack = Sweep(DEFINITIONS[name], model, loss, x, missing, label, rule, seed=1, sources=sources)
    for epsilon in (0.05, 0.5):
        moved = attack(epsilon)
        audit(attack, epsilon, moved)
        found = faults(related, normalisation, moved, missing)
        assert all(np.nanmax(fault) < 2e-3 for fault in found.values())
        count = normalisation.unscale(moved.double().numpy())[:, related.index("n")]
        tracks = (~missing[:, related.element_block("track").columns[0]]).sum(dim=1).numpy()
        assert (count > tracks - 1e-3).all()


def test_a_gradient_goes_to_what_an_input_follows_from(related, jets, rule):
    """Against automatic differentiation of a sum of inputs, with significances made from the others."""
    x, missing, normalisation = jets
    weight = torch.randn(x.shape, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    free = x.double().requires_grad_()
    mean, sigma = torch.from_numpy(normalisation.mean), torch.from_numpy(normalisation.sigma)
    at = dict(zip(related.names, (free * sigma + mean).unbind(dim=1), strict=True))
    inputs = dict(zip(related.names, free.unbind(dim=1), strict=True))

    def replaced(name, value, there):
        column = related.index(name)
        inputs[name] = torch.where(there, (value - mean[column]) / sigma[column], inputs[name])

    there = ~missing[:, [related.index(f"track_{t}_d") for t in range(TRACKS)]]
    for t in range(TRACKS):
        found = at[f"track_{t}_d"].abs() / at[f"track_{t}_dd"].abs().sqrt()
        replaced(f"track_{t}_s", at[f"track_{t}_s"].detach().sign() * found, there[:, t])
    d, z, zz = (torch.stack([at[f"track_{t}_{v}"] for t in range(TRACKS)], dim=1) for v in ("d", "z", "zz"))
    second = d.abs().masked_fill(~there, -1.0).argsort(dim=1, descending=True)[:, 1:2]
    copied = (z.abs() / zz.abs().sqrt()).gather(1, second)[:, 0]
    replaced("z_of_second", copied, there.sum(dim=1) > 1)
    (expected,) = torch.autograd.grad((weight * torch.stack([*inputs.values()], dim=1)).sum(), free)
    found = rule.relations.pull(rule.relations.before(x, missing), x, weight)
    torch.testing.assert_close(found[~missing], expected[~missing], rtol=1e-6, atol=1e-9)


def test_what_follows_leads_an_attack(related, jets, rule):
    """The model reads significances alone: an attack moves the values that they follow from."""
    x, missing, _ = jets
    names = [f"track_{t}_s" for t in range(TRACKS)]
    weight = torch.tensor([float(name in names) for name in related.names])

    def model(inputs):
        return torch.stack([inputs @ weight, torch.zeros(len(inputs))], dim=1)

    label = torch.ones(len(x), dtype=torch.int64)
    loss = build_loss({"name": "cross_entropy"})
    attack = Sweep({"name": "fgsm"}, model, loss, x, missing, label, rule, seed=1)
    rise = (attack(0.1) - x) @ weight
    tracks = (~missing[:, [related.index(name) for name in names]]).any(dim=1)
    assert (rise[~tracks] == 0).all()
    assert (rise[tracks] > 0).double().mean() > 0.95


def test_counts_fall_below_the_tracks_without_it(related, jets):
    x, missing, normalisation = jets
    budgets = [
        BudgetRule.of(related, normalisation, physical=p).counts(x, missing, 2) for p in (True, "consistent")
    ]
    column = related.index("n")
    free, bound = (budget.lower[:, column].double().numpy() for budget in budgets)
    tracks = (~missing[:, related.element_block("track").columns[0]]).sum(dim=1).numpy()
    unit = [normalisation.sigma[column], normalisation.mean[column]]
    assert (bound * unit[0] + unit[1] > tracks - 1e-3).all()
    assert (free * unit[0] + unit[1] < tracks - 0.5).mean() > 0.3


def test_falling_order_is_the_closest():
    """Against a solver that knows nothing of orders: values are sums of steps that do not rise."""
    rng = np.random.default_rng(2)
    values, weight = rng.normal(size=(20, 5)), rng.uniform(0.1, 3.0, (20, 5))
    ours = falling(torch.tensor(values), torch.tensor(weight)).numpy()
    steps = np.tril(np.ones((5, 5)))
    for one, w, found in zip(values, weight, ours, strict=True):
        root = np.sqrt(w)
        bounds = ([-np.inf, *4 * [-np.inf]], [np.inf, *4 * [0.0]])
        solved = lsq_linear(root[:, None] * steps, root * one, bounds=bounds, tol=1e-12)
        np.testing.assert_allclose(found, steps @ solved.x, atol=1e-5)


def test_a_table_without_any_gives_none():
    plain = FeatureTable.from_document(
        {"data_set": "plain", "blocks": [{"name": "jet", "variables": [variable("pt")]}]}
    )
    assert Relations.of(plain, Normalisation(("pt",), np.zeros(1), np.ones(1), np.zeros(1))) is None


@pytest.mark.parametrize(
    ("relation", "complaint"),
    [
        ({"sum": ["hadrons", "neutrons"]}, "has no input 'neutrons'"),
        ({"count": "m", "block": "track"}, "has no input 'm'"),
        ({"count": "n", "block": "tower"}, "has no block of elements 'tower'"),
        (
            {"significance": "pt", "block": "track", "of": "x", "by": "d", "rank": 1},
            "relation of 'pt' names 'x', which the block 'track' lacks: use d, z",
        ),
        (
            {"significance": "pt", "block": "track", "of": "s", "by": "d", "rank": 1},
            r"needs a variance of 's', .* give a variable the role \{variance_of: s\}",
        ),
        (
            {"significance": "pt", "block": "track", "of": "d", "by": "d", "rank": 5},
            "names element 5 of 4: give a smaller rank",
        ),
    ],
)
def test_names_are_checked_with_the_table(relation, complaint):
    with pytest.raises(InputError, match=complaint):
        FeatureTable.from_document(document(relations=[relation]))


def test_norms_without_intervals_are_refused(related, jets):
    with pytest.raises(InputError, match="norm 'l2' has none: choose norm linf"):
        BudgetRule.of(related, jets[2], physical="consistent", norm="l2")
