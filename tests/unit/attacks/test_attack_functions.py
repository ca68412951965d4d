"""Each family of attacks where its best result is known, and the attacks as plain functions."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf
from tests.unit.attacks.definitions import DEFINITIONS
from torch import nn

import robustag.attacks
from robustag.attacks import Budget, Spread, Sweep, deepfool, fgsm, pgd
from robustag.attacks.iterated import checkpoints
from robustag.attacks.problem import logit_margin
from robustag.attacks.spread import central_deviation, shrunk_covariance
from robustag.errors import InputError
from robustag.tensors import Normalisation

JETS, FEATURES = 120, 8


@pytest.fixture(scope="module")
def linear():
    """A linear tagger with three flavours, whose worst case in a box follows from its weights."""
    generator = torch.Generator().manual_seed(4)
    model = nn.Linear(FEATURES, 3)
    with torch.no_grad():
        model.weight.copy_(torch.randn(3, FEATURES, generator=generator))
        model.bias.copy_(torch.randn(3, generator=generator))
    x = torch.randn(JETS, FEATURES, generator=generator)
    return model, x, torch.randint(0, 3, (JETS,), generator=generator)


def worst_margin(model, x, label, width):
    """Largest ``z_k - z_true`` over the box and over the wrong flavours k, [N]."""
    weight = model.weight[None] - model.weight[label][:, None]
    logits = model(x) - model(x).gather(1, label[:, None])
    reach = torch.einsum("nkf,nf->nk", weight.abs(), width)
    return (logits + reach).scatter(1, label[:, None], -torch.inf).amax(dim=1).detach()


def test_apgd_on_the_margin_finds_the_worst_case_of_a_linear_tagger(linear):
    model, x, label = linear
    budget = Budget.around(x, 0.3, missing=torch.rand(x.shape) < 0.2)
    found = robustag.attacks.apgd(model, x, label, budget, steps=40, objective="margin")
    reached = logit_margin(model(found), label)
    best = worst_margin(model, x, label, budget.width)
    # With three flavours the nearest wrong one need not be the best one: local optima remain for a few.
    assert (reached <= best + 1e-4).all()
    assert (best - reached < 1e-3).double().mean() > 0.85


def test_random_search_comes_close_to_it(linear):
    model, x, label = linear
    budget = Budget.around(x, 0.3)
    options = {"queries": 300, "share": 0.5, "objective": "margin"}
    found = robustag.attacks.random_search(model, x, label, budget, **options)
    reached, best = logit_margin(model(found), label), worst_margin(model, x, label, budget.width)
    gain = (reached - logit_margin(model(x), label)) / (best - logit_margin(model(x), label))
    assert gain.mean() > 0.9


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_deepfool_takes_the_shortest_way_over_the_border(linear, norm):
    model, x, label = linear
    budget = Budget.around(x, 100.0, norm=norm, missing=torch.zeros_like(x, dtype=torch.bool))
    move = deepfool(model, x, label, budget, steps=10, overshoot=0.0) - x
    weight = model.weight[None] - model.weight[label][:, None]
    border = (model(x) - model(x).gather(1, label[:, None])).abs()
    length = weight.abs().sum(dim=2) if norm == "linf" else weight.norm(dim=2)
    way = (border / length).scatter(1, label[:, None], torch.inf).amin(dim=1).detach()
    correct = logit_margin(model(x), label) < 0
    size = move.abs().amax(dim=1) if norm == "linf" else move.norm(dim=1)
    torch.testing.assert_close(size, torch.where(correct, way, 0.0), rtol=1e-3, atol=1e-5)


def test_carlini_wagner_comes_close_to_the_shortest_way(linear):
    model, x, label = linear
    options = {"steps": 150, "searches": 6, "learning_rate": 0.03, "constant": 1.0, "confidence": 0.0}
    wide = Budget.around(x, 100.0, norm="l2")
    shortest = (deepfool(model, x, label, wide, steps=10, overshoot=0.0) - x).norm(dim=1)
    found = robustag.attacks.carlini_wagner(model, x, label, wide, **options)
    correct = shortest > 0
    assert (logit_margin(model(found), label)[correct] >= 0).double().mean() > 0.95
    ratio = ((found - x).norm(dim=1) / shortest)[correct]
    assert 1 - 1e-3 < ratio.median() < 1.1


def test_carlini_wagner_fools_with_the_confidence_that_is_asked_for(linear):
    model, x, label = linear
    options = {"steps": 100, "searches": 4, "learning_rate": 0.03, "constant": 1.0}
    wide = Budget.around(x, 100.0, norm="l2")
    for confidence in (0.0, 0.5):
        found = robustag.attacks.carlini_wagner(model, x, label, wide, confidence=confidence, **options)
        margin = logit_margin(model(found), label)
        assert (margin >= confidence).double().mean() > 0.95
        assert margin[logit_margin(model(x), label) < 0].median() < confidence + 0.1


def test_more_steps_and_restarts_never_hurt(setting):
    budget = Budget.around(setting.inputs, 1.0, missing=setting.missing)
    case = setting.model, setting.inputs, setting.label, budget

    def loss(x):
        return setting.loss(setting.model(x), setting.label).detach()

    single = loss(fgsm(*case))
    ten = loss(pgd(*case, steps=10, rate=2.5, restarts=0))
    restarted = loss(pgd(*case, steps=10, rate=2.5, restarts=3))
    auto = loss(robustag.attacks.apgd(*case, steps=30, objective="loss"))
    assert single.mean() < ten.mean() <= restarted.mean()
    assert (restarted >= ten).all()
    assert auto.mean() > 0.999 * ten.mean()
    assert (auto >= loss(setting.inputs)).all()


def test_apgd_asks_at_the_steps_of_its_paper():
    """arXiv:2003.01690: p_1 = 0.22, p_2 = 0.41, then 0.57, 0.70, 0.80, 0.87, 0.93 and 0.99 of 100 steps."""
    assert checkpoints(100) == [22, 41, 57, 70, 80, 87, 93, 99]


def test_momentum_one_step_is_fgsm(setting):
    budget = Budget.around(setting.inputs, 0.1, missing=setting.missing)
    case = setting.model, setting.inputs, setting.label, budget
    options = {"steps": 1, "rate": 1.0, "restarts": 0, "momentum": 1.0}
    torch.testing.assert_close(robustag.attacks.momentum_pgd(*case, **options), fgsm(*case))


def test_ngm_moves_each_group_by_epsilon(setting):
    rule = setting.rule
    attack = Sweep({"name": "ngm"}, *setting.arguments, rule, seed=1)
    unit = torch.where(rule.scale > 0, (attack(0.1) - setting.inputs) / rule.scale, 0.0)
    length = (unit.square() @ rule.group).sqrt()
    movable = (((rule.scale > 0) & ~rule.integer & ~setting.missing).float() @ rule.group) > 0
    torch.testing.assert_close(length, 0.1 * movable.float(), rtol=0, atol=1e-4)


def test_a_universal_shift_is_the_same_for_all_jets_and_hurts(setting):
    attack = Sweep(DEFINITIONS["universal_shift"], *setting.arguments, setting.rule, seed=1)
    perturbed = attack(0.2)
    for column in range(setting.inputs.shape[1]):
        exists = ~setting.missing[:, column]
        move = (perturbed - setting.inputs)[exists, column]
        torch.testing.assert_close(move, move[:1].expand_as(move), rtol=0, atol=1e-5)
    losses = [setting.loss(setting.model(x), setting.label).mean() for x in (perturbed, setting.inputs)]
    assert losses[0] > losses[1]


def test_counts_move_by_one_along_their_gradient(setting):
    attack = Sweep({"name": "pip", "steps": 1, "exponent": 0.0}, *setting.arguments, setting.rule, seed=1)
    units = (attack(0.1) - setting.inputs) / setting.rule.unit
    counts = setting.rule.integer & ~setting.missing & (setting.rule.scale > 0)
    gradient = attack.problems[0].gradient()
    torch.testing.assert_close(units, torch.where(counts, gradient.sign(), 0.0), rtol=0, atol=1e-4)


def test_steep_counts_move_more_often(setting):
    attack = Sweep({"name": "pip", "steps": 1, "exponent": 1.0}, *setting.arguments, setting.rule, seed=1)
    moved = attack(0.1) != setting.inputs
    gradient = attack.problems[0].gradient().abs() * (setting.rule.integer & ~setting.missing)
    gradient = gradient * (setting.rule.scale > 0)
    largest = gradient.amax(dim=1)
    steepest = gradient.argmax(dim=1)
    assert moved[torch.arange(len(moved)), steepest][largest > 0].all()
    expected = (gradient / largest.clamp(min=1e-12)[:, None]).sum()
    assert float(moved.sum()) == pytest.approx(float(expected), rel=0.25)


def test_rdsa_takes_values_that_other_jets_have(setting):
    attack = Sweep(DEFINITIONS["rdsa"], *setting.arguments, setting.rule, seed=1)
    perturbed = attack(0.1)
    for column in range(setting.inputs.shape[1]):
        exists = ~setting.missing[:, column]
        assert torch.isin(perturbed[exists, column], setting.inputs[exists, column]).all()
    margins = [logit_margin(setting.model(x), setting.label).mean() for x in (setting.inputs, perturbed)]
    assert margins[1] > margins[0]


def test_a_conserving_attack_keeps_marginals_and_correlations():
    """FGSM of the same size changes means and correlations; this attack hardly does, and still hurts."""
    generator = torch.Generator().manual_seed(9)
    mixing = torch.randn(6, 6, generator=generator)
    x = torch.randn(4000, 6, generator=generator) @ mixing / 2.5
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3))
    for number, parameter in enumerate(model.parameters()):
        nn.init.normal_(parameter, generator=torch.Generator().manual_seed(number))
    label = model(x).argmax(dim=1)
    budget = Budget.around(x, 0.2)
    moved = {
        "fgsm": fgsm(model, x, label, budget),
        "conserving": robustag.attacks.conserving_pgd(model, x, label, budget, steps=5, rate=2.5),
    }
    loss = nn.functional.cross_entropy
    assert loss(model(moved["conserving"]), label) > 1.5 * loss(model(x), label)

    def change(y):
        correlation = (torch.corrcoef(y.T) - torch.corrcoef(x.T)).abs().max()
        marginal = (y.sort(dim=0).values - x.sort(dim=0).values).abs().mean()
        return float(correlation), float(marginal)

    (correlation, marginal), (other_correlation, other_marginal) = map(change, moved.values())
    assert other_correlation < 0.5 * correlation
    assert other_marginal < 0.2 * marginal


def test_a_transferred_attack_is_the_attack_on_the_source(setting, linear):
    source = nn.Linear(setting.inputs.shape[1], 3)
    definition = {"name": "transfer", "attack": {"name": "fgsm"}}
    attack = Sweep(definition, *setting.arguments, setting.rule, seed=1, sources=(source,))
    direct = Sweep({"name": "fgsm"}, source, *setting.arguments[1:], setting.rule, seed=1)
    assert torch.equal(attack(0.1), direct(0.1))
    with pytest.raises(InputError, match="needs a model to craft on"):
        Sweep(definition, *setting.arguments, setting.rule, seed=1)


@pytest.mark.parametrize("epsilon", [0.02, 0.5])
@pytest.mark.parametrize(("option", "objective"), [({}, "margin"), ({"objective": "loss"}, "loss")])
def test_no_member_does_more_to_any_jet_than_the_worst_case(setting, option, objective, epsilon):
    members = [
        {"name": "random_search", "queries": 8, "share": 0.5, "objective": "margin"},
        {"name": "pgd", "steps": 3, "rate": 2.5, "restarts": 0},
        {"name": "apgd", "steps": 5, "objective": "margin"},
        {"name": "deepfool", "steps": 3, "overshoot": 0.02},
        {"name": "shift", "direction": "up"},
    ]

    def raised(definition):
        moved = Sweep(definition, *setting.arguments, setting.rule, seed=1)(epsilon)
        with torch.no_grad():
            logits = setting.model(moved)
        return {"loss": setting.loss(logits, setting.label), "margin": logit_margin(logits, setting.label)}

    worst, others = raised({"name": "worst_case", "members": members, **option}), list(map(raised, members))
    best = torch.stack([other[objective] for other in others])
    assert (worst[objective] >= best.amax(dim=0)).all()
    assert len(best.argmax(dim=0).unique()) > 1
    if objective == "margin":
        for other in others:
            assert (worst["margin"] > 0)[other["margin"] > 0].all()


class TestSpread:
    def test_agrees_with_sklearn_where_nothing_is_missing(self):
        rng = np.random.default_rng(1)
        x = rng.normal(size=(400, 10)) @ rng.normal(size=(10, 10))
        standard = (x - x.mean(axis=0)) / x.std(axis=0)
        reference = LedoitWolf(assume_centered=True).fit(standard)
        covariance, intensity = shrunk_covariance(torch.from_numpy(x), torch.zeros(x.shape, dtype=torch.bool))
        assert intensity == pytest.approx(reference.shrinkage_, rel=1e-9)
        sigma = x.std(axis=0)
        expected = reference.covariance_ * np.outer(sigma, sigma)
        off = ~np.eye(10, dtype=bool)
        np.testing.assert_allclose(covariance.numpy()[off], expected[off], rtol=1e-9)

    def test_missing_entries_do_not_count(self):
        x = torch.randn(5000, 3, generator=torch.Generator().manual_seed(1))
        missing = torch.zeros_like(x, dtype=torch.bool)
        missing[::2, 1] = True
        x[missing] = -300.0
        spread = Spread.measure(x, missing, torch.arange(5000) % 3)
        torch.testing.assert_close(spread.covariance, torch.eye(3).expand(3, 3, 3), rtol=0, atol=0.1)
        assert torch.linalg.eigvalsh(spread.covariance).min() > 0

    def test_central_deviation_of_a_uniform_input(self):
        x = torch.linspace(-5, 5, 10_001)[:, None]
        missing = torch.zeros_like(x, dtype=torch.bool)
        torch.testing.assert_close(
            central_deviation(x, missing), torch.tensor([6 / 12**0.5]), rtol=1e-3, atol=0
        )

    def test_is_read_as_it_was_written(self, tmp_path):
        x = torch.randn(60, 4)
        spread = Spread.measure(x, x > 2, torch.arange(60) % 3)
        spread.save(tmp_path / "spread.safetensors")
        again = Spread.load(tmp_path / "spread.safetensors")
        assert torch.equal(again.covariance, spread.covariance)
        assert torch.equal(again.central, spread.central)
        assert again.shrinkage == spread.shrinkage
        assert again.published is None
        replace(spread, published=torch.arange(4.0)).save(tmp_path / "spread.safetensors")
        again = Spread.load(tmp_path / "spread.safetensors")
        assert torch.equal(again.published, torch.arange(4.0))


class TestBadInput:
    def case(self):
        return nn.Linear(3, 3), torch.zeros(6, 3), torch.arange(6) % 3

    def test_negative_epsilon(self):
        with pytest.raises(InputError, match=r"epsilon -0\.1: give a size of 0 or larger"):
            Budget.around(torch.zeros(2, 3), -0.1)

    def test_nan(self):
        with pytest.raises(InputError, match="NaN"):
            Budget.around(torch.tensor([[0.0, torch.nan]]), 0.1)

    def test_a_budget_that_freezes_everything(self):
        with pytest.raises(InputError, match="freezes every input"):
            Budget.around(torch.zeros(2, 3), 0.1, frozen=torch.ones(3, dtype=torch.bool))

    def test_a_rule_that_freezes_everything(self, table, setting):
        from dataclasses import replace

        frozen = replace(setting.rule, scale=torch.zeros_like(setting.rule.scale))
        with pytest.raises(InputError, match="freezes every input"):
            Sweep({"name": "fgsm"}, *setting.arguments, frozen, seed=1)

    @pytest.mark.parametrize("name", ["fgsm", "deepfool"])
    def test_probabilities(self, name):
        model, x, label = self.case()
        options = {"steps": 3, "overshoot": 0.02} if name == "deepfool" else {}
        with pytest.raises(InputError, match=r"returns probabilities .* give the logits"):
            robustag.attacks.attack(
                name, nn.Sequential(model, nn.Softmax(1)), x, label, Budget.around(x, 0.1), **options
            )

    def test_another_number_of_flavours(self):
        model, x, label = self.case()
        with pytest.raises(InputError, match="one logit per jet and flavour"):
            fgsm(model, x, label + 1, Budget.around(x, 0.1))

    def test_a_budget_of_other_jets(self):
        model, x, label = self.case()
        with pytest.raises(InputError, match="around other jets"):
            fgsm(model, x + 1, label, Budget.around(x, 0.1))

    def test_a_feature_table_of_other_inputs(self, table):
        from robustag.attacks import BudgetRule

        names = (*table.names[:5], "jet_charge", *table.names[6:])
        ones = np.ones(table.size)
        with pytest.raises(InputError, match="where the normalisation has 'jet_charge'"):
            BudgetRule.of(table, Normalisation(names, ones, ones, ones))

    def test_an_unknown_attack(self):
        with pytest.raises(AttributeError, match="no attribute 'pgd99'"):
            robustag.attacks.pgd99  # noqa: B018


def test_the_example_of_the_readme_runs(root):
    text = (root / "README.md").read_text()
    (example,) = [
        code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Budget.around" in code
    ]
    assert len(example.strip().splitlines()) <= 15
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    assert not names["budget"].outside(names["attacked"]).any()
