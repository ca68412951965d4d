"""How far one epsilon goes, in the units of each input."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from robustag.attacks import BudgetRule, Spread, Sweep
from robustag.attacks.sizes import gradient_shares, physical_sizes
from robustag.attacks.spread import published_deviation
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.features.published import read_moments
from robustag.models import build_model
from robustag.tensors import Normalisation
from robustag.training import build_loss

JETS = 40


@pytest.fixture
def normalisation(table):
    rng = np.random.default_rng(3)
    mean, sigma = rng.normal(size=table.size), rng.uniform(0.5, 5.0, table.size)
    return Normalisation(table.names, mean, sigma, np.full(table.size, -9.0))


@pytest.fixture
def moments(root):
    return read_moments(root / "config/reference/published_moments.csv")


@pytest.fixture
def spread(table, normalisation, moments):
    plain = Spread(torch.eye(table.size).repeat(3, 1, 1), torch.ones(table.size), (0.0, 0.0, 0.0))
    return replace(plain, published=published_deviation(moments, normalisation))


@pytest.fixture
def jets(table):
    rng = np.random.default_rng(4)
    missing = torch.tensor(rng.random((JETS, table.size)) < 0.2)
    return torch.tensor(rng.normal(size=(JETS, table.size)), dtype=torch.float32), missing


def moves(table, normalisation, jets, epsilon, factors, spread=None):
    """How far FGSM moves each input of each jet, in the input's unit, float64 [N, F]."""
    x, missing = jets
    rule = BudgetRule.of(table, normalisation, factors=factors, spread=spread)
    model = build_model({"name": "mlp", "hidden": [16], "dropout": 0.0}, table.size, seed=3).eval()
    loss, label = build_loss({"name": "cross_entropy"}), torch.arange(JETS) % 3
    attacked = Sweep({"name": "fgsm"}, model, loss, x, missing, label, rule, seed=1)(epsilon)
    return (attacked - x).abs().double().numpy() * normalisation.sigma


def close(found, expected, normalisation, column):
    np.testing.assert_allclose(found[:, column], expected, rtol=1e-4, atol=1e-6 * normalisation.sigma[column])


def test_epsilon_counts_published_standard_deviations(table, normalisation, jets, spread, moments):
    _, missing = jets
    moved = moves(table, normalisation, jets, 0.01, "published", spread)
    there = ~missing.numpy()
    pt = table.index("jet_pt")
    close(moved, np.where(there[:, pt], 0.01 * np.sqrt(158.38419179), 0.0), normalisation, pt)
    for column, name in enumerate(table.names):
        expected = 0.01 * moments[name].sigma * there[:, column] * ~table.integer[column]
        close(moved, expected, normalisation, column)


def test_inputs_of_which_nothing_is_published_stay(table, normalisation, jets, spread, moments):
    known = {name: moments[name] for name in table.names if name != "jet_eta"}
    without = replace(spread, published=published_deviation(known, normalisation))
    moved = moves(table, normalisation, jets, 0.1, "published", without)
    eta = table.index("jet_eta")
    assert (moved[:, eta] == 0).all()
    assert moved[:, eta - 1].any()


def test_the_published_scale_asks_for_what_is_published(table, normalisation, spread):
    for found in (None, replace(spread, published=None)):
        with pytest.raises(InputError, match="'published' needs the published spread"):
            BudgetRule.of(table, normalisation, factors="published", spread=found)


def test_published_moments_that_are_none_are_refused(tmp_path):
    path = tmp_path / "moments.csv"
    for text in ("name,mean\npt,1\n", "name,mean,variance\npt,1,-4\n", "name,mean,variance\npt,1\n"):
        path.write_text(text)
        with pytest.raises(InputError, match=r"moments\.csv cannot be read"):
            read_moments(path)


def test_epsilon_counts_standard_deviations_of_the_measurement(table, normalisation, jets):
    x, missing = jets
    moved = moves(table, normalisation, jets, 2.0, "uncertainty")
    there = ~missing.numpy()
    value = np.abs(normalisation.unscale(x.double().numpy()))
    for name, absolute, relative in (
        ("jet_pt", 0.0, 0.01),
        ("track_3_D0", 0.005, 0.0),
        ("track_5_D0D0", 0.0, 0.06),
        ("vertex_mass", 0.0, 0.01),
    ):
        column = table.index(name)
        expected = 2.0 * (absolute + relative * value[:, column]) * there[:, column]
        close(moved, expected, normalisation, column)
    for name in ("track_2_d0_significance", "jet_prob", "n_secondary_vertices"):
        assert (moved[:, table.index(name)] == 0).all(), name


def test_relative_uncertainties_are_like_a_cap(table, normalisation, jets):
    """The same bound on jet pT, reached from the other side: a wide step under a relative cap."""
    x, missing = jets
    column = table.index("jet_pt")
    cap = BudgetRule.of(table, normalisation, relative_cap=0.01).budget(x, missing, 1e3)
    own = BudgetRule.of(table, normalisation, factors="uncertainty").budget(x, missing, 1.0)
    torch.testing.assert_close(own.width[:, column], cap.width[:, column])


def test_a_table_without_uncertainties_says_so(table, normalisation):
    document = deepcopy(table.document)
    for block in document["blocks"]:
        for variable in block["variables"]:
            variable.pop("uncertainty", None)
    bare = FeatureTable.from_document(document)
    assert not bare.uncertain.any()
    with pytest.raises(InputError, match="freezes every input"):
        BudgetRule.of(bare, normalisation, factors="uncertainty")


def test_correlations_have_no_scale_of_each_jet(table, normalisation, spread):
    for factors in ("resolution", "uncertainty"):
        with pytest.raises(InputError, match="choose other factors than resolution or uncertainty"):
            BudgetRule.of(table, normalisation, factors=factors, norm="mahalanobis", spread=spread)


def test_a_common_shift_steps_in_standard_deviations_of_the_measurement(table, normalisation, jets):
    """Of a loss that turns around beyond three quarters of the way, which one of two steps must not pass."""
    x, missing = jets
    rule = BudgetRule.of(table, normalisation, factors="uncertainty")
    scale = rule.scale_of(x)

    def turning(inputs):
        beyond = inputs - x > 0.75 * scale
        return torch.where(beyond, -inputs, inputs).sum(dim=1, keepdim=True).expand(-1, 3)

    arguments = turning, lambda logits, label: logits[:, 0], x, missing, torch.arange(JETS) % 3, rule
    moved = Sweep({"name": "universal_shift", "steps": 2}, *arguments, seed=1)(1.0) - x
    torch.testing.assert_close(moved, scale * ~missing * ~rule.integer, rtol=1e-3, atol=1e-5)


def test_a_rule_takes_its_uncertainties_along(table, normalisation, jets):
    x, _ = jets
    rule = BudgetRule.of(table, normalisation, factors="uncertainty")
    assert torch.equal(rule.to("cpu").scale_of(x), rule.scale_of(x))
    with pytest.raises(RuntimeError):
        rule.to("meta").scale_of(x)


def test_shares_of_a_linear_loss_are_slopes_times_widths():
    """One jet without the second input, one whose slopes are half as large, one without any."""
    slopes, scale = torch.tensor([3.0, -2.0, 1.0]), torch.tensor([1.0, 1.0, 4.0])
    x = torch.tensor([[1.0, 5.0, 0.0], [0.5, 5.0, 1.0], [0.0, 5.0, 1.0]])
    missing = torch.tensor([[False, True, False], [False, False, False], [False, False, False]])
    rule = BudgetRule(scale, torch.tensor([False, False, False]), torch.zeros(3))
    budget = rule.budget(x, missing, 0.5)
    strength = x[:, :1].clone()
    shares = gradient_shares(lambda x: x * slopes * strength, lambda z, label: z.sum(dim=1), None, budget)
    np.testing.assert_allclose(shares, (np.array([3, 0, 4]) / 7 + np.array([3, 2, 4]) / 9) / 2, rtol=1e-6)
    assert np.isnan(gradient_shares(lambda x: 0 * x, lambda z, label: z.sum(dim=1), None, budget)).all()


def test_sizes_are_medians_over_the_jets_that_have_the_input(table, normalisation, jets):
    budget = BudgetRule.of(table, normalisation, factors="uncertainty").budget(*jets, 1.0)
    found = physical_sizes(budget, normalisation)
    column = table.index("jet_pt")
    value = np.abs(normalisation.unscale(jets[0].double().numpy())[:, column])[~jets[1].numpy()[:, column]]
    low, high = np.quantile(0.01 * value, [0.4, 0.6])
    assert low < found[column] < high
    absent = BudgetRule.of(table, normalisation).budget(jets[0], torch.ones_like(jets[1]), 1.0)
    assert (physical_sizes(absent, normalisation) == 0).all()
