"""The attacks as functions for models and jets of one's own: each of them works, and what people give is
converted where that is plain and refused in one line where it is not."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from tests.unit.attacks.definitions import DEFINITIONS
from torch import nn

import robustag.attacks
from robustag.attacks import ATTACKS, Budget, Spread, attack, fgsm, ngm, pgd
from robustag.errors import InputError

JETS, FEATURES, CLASSES = 60, 5, 3
PGD = {"steps": 3, "rate": 2.5, "restarts": 0}


class Case(NamedTuple):
    """A model with dropout and a frozen batch normalisation, another one, and jets."""

    model: nn.Module
    other: nn.Module
    x: torch.Tensor
    label: torch.Tensor

    def budget(self, **options):
        return Budget.around(self.x, **({"epsilon": 0.1} | options))


@pytest.fixture
def case():
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = nn.Sequential(
            nn.Linear(FEATURES, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, CLASSES)
        )
        model.train()
        model[1].eval()
        return Case(
            model,
            nn.Linear(FEATURES, CLASSES),
            torch.randn(JETS, FEATURES),
            torch.arange(JETS) % CLASSES,
        )


class Row(NamedTuple):
    """What an attack needs beside its options: of the budget, and of the call."""

    budget: Callable[[Case], dict] = lambda case: {}
    call: Callable[[Case], dict] = lambda case: {}


def spread(case):
    missing = torch.zeros_like(case.x, dtype=torch.bool)
    return {
        "norm": "mahalanobis",
        "spread": Spread.measure(case.x, missing, case.label, CLASSES),
        "label": case.label,
    }


def counts(case):
    return {"frozen": [3, 4], "unit": 0.5, "lower": -4.0}


NEEDS = {
    "mahalanobis_gradient": Row(spread),
    "mahalanobis_pgd": Row(spread),
    "pip": Row(counts),
    "pip_pgd": Row(counts),
    "transfer": Row(call=lambda case: {"source": case.other}),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_works_alone(case, name):
    options = {key: value for key, value in DEFINITIONS[name].items() if key != "name"}
    row = NEEDS.get(name, Row())
    budget = case.budget(**row.budget(case))
    options |= row.call(case)
    before = [part.training for part in case.model.modules()]
    weights = {key: value.clone() for key, value in case.model.state_dict().items()}
    found = attack(name, case.model, case.x, case.label, budget, **options)
    assert torch.isfinite(found).all()
    assert not found.requires_grad
    counted = budget.rule.integer if ATTACKS[name].moves_integers else torch.zeros(FEATURES, dtype=torch.bool)
    assert not budget.outside(found)[:, ~counted].any()
    assert (found != case.x).any()
    units = (found - case.x)[:, counted] / 0.5
    torch.testing.assert_close(units, units.round(), rtol=0, atol=1e-5)
    assert not counted.any() or (units != 0).any()
    assert [part.training for part in case.model.modules()] == before
    assert all(torch.equal(value, weights[key]) for key, value in case.model.state_dict().items())
    assert all(weight.grad is None for weight in case.model.parameters())
    same = getattr(robustag.attacks, name)(case.model, case.x, case.label, budget, **options)
    assert torch.equal(same, found)


def test_without_groups_all_inputs_are_one(case):
    for norm in ("linf", "l2_group"):
        move = ngm(case.model, case.x, case.label, case.budget(norm=norm)) - case.x
        torch.testing.assert_close(move.norm(dim=1), torch.full((JETS,), 0.1), rtol=1e-4, atol=0)


def test_a_transferred_attack_is_the_one_on_its_source(case):
    budget, jets = case.budget(), (case.x, case.label)
    moved = attack("transfer", case.model, *jets, budget, source=case.other, attack={"name": "fgsm"})
    assert torch.equal(moved, fgsm(case.other, *jets, budget))
    worst = {"members": [{"name": "transfer", "attack": {"name": "fgsm"}}]}
    assert (attack("worst_case", case.model, *jets, budget, source=case.other, **worst) != case.x).any()


def test_counts_stay_above_the_lower_end(case):
    budget = case.budget(frozen=[0, 1, 2, 3, 4], unit=10.0, lower=-4.0)
    moved = robustag.attacks.pip(case.model, case.x, case.label, budget, steps=3, exponent=0.0)
    assert (moved >= -4.0).all()
    assert (moved > case.x).any()


@pytest.mark.parametrize(
    "convert",
    [
        lambda label: label.int(),
        lambda label: label.to(torch.uint8),
        lambda label: label.float(),
        lambda label: label[:, None],
        lambda label: label.numpy(),
        lambda label: label.tolist(),
    ],
    ids=["int32", "uint8", "float", "[N, 1]", "numpy", "list"],
)
def test_whole_labels_of_any_kind_will_do(case, convert):
    expected = pgd(case.model, case.x, case.label, case.budget(), **PGD)
    assert torch.equal(pgd(case.model, case.x, convert(case.label), case.budget(), **PGD), expected)


@pytest.mark.parametrize("seed", [np.int64(7), np.uint8(7), torch.tensor(7)], ids=str)
def test_whole_seeds_of_any_kind_will_do(case, seed):
    draw = [attack("noise", case.model, case.x, case.label, case.budget(), seed=value) for value in (7, seed)]
    assert torch.equal(*draw)


def test_a_plain_function_is_a_model(case):
    plain = fgsm(lambda x: case.other(x), case.x, case.label, case.budget())
    assert torch.equal(plain, fgsm(case.other, case.x, case.label, case.budget()))


@pytest.mark.parametrize("name", ["fgsm", "apgd", "carlini_wagner", "deepfool"])
def test_inference_mode_does_not_matter(case, name):
    options = {key: value for key, value in DEFINITIONS[name].items() if key != "name"}
    expected = attack(name, case.model, case.x, case.label, case.budget(), **options)
    with torch.inference_mode():
        x, label = case.x.clone(), case.label.clone()
        found = attack(name, case.model, x, label, Budget.around(x, 0.1), **options)
    assert torch.equal(found, expected)
    assert not found.is_inference()


@pytest.mark.parametrize(
    "frozen",
    [[3, 4], (4, 3), np.array([3, 4]), torch.tensor([3, 4]), torch.arange(FEATURES) > 2, np.arange(5) > 2],
    ids=["list", "tuple", "numpy", "tensor", "mask", "numpy mask"],
)
def test_frozen_inputs_are_named_by_position_or_mask(case, frozen):
    budget = case.budget(frozen=frozen)
    assert budget.movable.all(dim=0).tolist() == [True, True, True, False, False]
    assert torch.equal(budget.rule.integer, torch.arange(FEATURES) > 2)


def test_nothing_frozen_is_an_empty_list(case):
    assert case.budget(frozen=[]).movable.all()


def test_an_input_that_nobody_has_is_missing_for_all(case):
    whole = torch.zeros(JETS, FEATURES, dtype=torch.bool)
    whole[:, 2] = True
    short = case.budget(missing=whole[0])
    assert torch.equal(short.missing, whole)
    assert torch.equal(
        fgsm(case.model, case.x, case.label, short),
        fgsm(case.model, case.x, case.label, case.budget(missing=whole)),
    )


def test_one_number_serves_all_inputs(case):
    budget = case.budget(epsilon=np.float32(10.0), scale=[1.0] * FEATURES, lower=-1, upper=1.0)
    assert (budget.upper.clamp(max=1.0) == torch.maximum(case.x, torch.ones(())).clamp(max=1.0)).all()


def test_jets_from_a_network_are_attacked_as_they_are(case):
    x = nn.Linear(FEATURES, FEATURES)(case.x)
    assert not fgsm(case.model, x, case.label, Budget.around(x, 0.1)).requires_grad


class Pair(nn.Linear):
    def forward(self, x):
        return super().forward(x), x


def made_in_inference_mode():
    with torch.inference_mode():
        return nn.Linear(FEATURES, CLASSES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": torch.full((JETS,), -1)}, r"labels go from -1 to -1: give one class number"),
        ({"label": torch.full((JETS,), 0.5)}, "labels hold fractions or NaN"),
        ({"label": torch.full((JETS,), torch.nan)}, "labels hold fractions or NaN"),
        ({"label": torch.zeros(JETS, CLASSES)}, r"labels are \(60, 3\) for jets \(60, 5\)"),
        ({"label": torch.zeros(JETS - 1)}, r"labels are \(59,\) for jets"),
        ({"label": ["b"] * JETS}, "labels are a list"),
        ({"label": torch.full((JETS,), CLASSES)}, "up to 3: it has to return one logit"),
        ({"model": Pair(FEATURES, CLASSES)}, "returns a tuple: wrap it in a function"),
        ({"model": lambda x: {"logits": x}}, "returns a dict: wrap it"),
        ({"model": None}, "the model is None: give a torch module, or a function"),
        ({"model": nn.Linear}, "the model is <class"),
        ({"model": nn.Linear(FEATURES + 1, CLASSES)}, r"fails for jets float32 \(60, 5\) on cpu: mat1"),
        ({"model": nn.Linear(FEATURES, CLASSES).double()}, "fails for jets float32"),
        ({"model": made_in_inference_mode()}, r"the model was made inside torch\.inference_mode"),
        ({"model": lambda x: nn.Linear(FEATURES, CLASSES)(x.detach())}, "no gradient leads from the loss"),
        ({"model": lambda x: torch.zeros(JETS, CLASSES)}, "no gradient leads from the loss"),
        ({"loss": nn.CrossEntropyLoss()}, r"the loss gives \(\) for 60 jets: .*one number per jet"),
        ({"loss": lambda logits, label: 0.0}, "the loss gives a float"),
        ({"budget": 0.1}, r"the budget is a float: make it with Budget\.around"),
        ({"seed": 0.5}, "the seed is 0.5: give a whole number"),
        ({"seed": 2**64}, "at most 64 bits"),
        ({"steps": 0}, "attack 'pgd' has steps 0: give a whole number of 1 or more"),
        ({"steps": 2.5}, "attack 'pgd' has steps 2.5: give a whole number"),
        ({"steps": True}, "attack 'pgd' has steps True"),
        ({"rate": "2"}, "attack 'pgd' has rate '2': give a number above 0"),
        ({"rate": float("nan")}, "rate nan"),
        ({"restarts": -1}, "restarts -1: give a whole number of 0 or more"),
        ({"speed": 1}, "speed"),
        ({"source": None, "name": "transfer", "attack": {"name": "fgsm"}}, "needs a model to craft on"),
        ({"source": nn.Linear(FEATURES, CLASSES)}, "attack 'pgd' is made on the model itself"),
        (
            {"name": "transfer", "source": 3, "attack": {"name": "fgsm"}},
            "the source is 3: give a torch module",
        ),
        ({"name": "transfer", "source": abs, "attack": "fgsm"}, "'fgsm' is no definition of an attack"),
        ({"name": "worst_case", "members": []}, "members"),
        ({"name": "worst_case", "members": "fgsm"}, "members 'fgsm': give a list of attacks"),
        ({"name": "worst_case", "members": ["fgsm"]}, "'fgsm' is no definition of an attack"),
        (
            {"name": "random_search", "queries": 3, "share": 0, "objective": "loss"},
            "share 0: give .* above 0, 1",
        ),
        ({"name": "random_search", "queries": 3, "share": 1.5, "objective": "loss"}, "1 at most"),
        ({"name": "pip", "steps": 1, "exponent": 1.0}, "Budget.around their places as frozen"),
        ({"name": "mahalanobis_gradient"}, r"needs a budget of its norm: .*spread=Spread\.measure"),
    ],
)
def test_what_an_attack_cannot_use_is_refused(case, change, message):
    usual = {"model": case.model, "x": case.x, "label": case.label, "budget": case.budget()}
    call = {"name": "pgd"} | usual | change
    options = PGD if call["name"] == "pgd" else {}
    with pytest.raises(InputError, match=message) as raised:
        attack(**(options | call))
    assert "\n" not in str(raised.value)
    assert [part.training for part in case.model.modules()].count(False) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": torch.zeros(0, 3)}, "there are no jets"),
        ({"x": torch.zeros(3, 0)}, "at least one input"),
        ({"x": torch.zeros(3)}, r"jets of a budget are float32 \(3,\): give a float tensor"),
        ({"x": torch.zeros(3, 3, dtype=torch.int64)}, "give a float tensor"),
        ({"x": np.zeros((3, 3))}, "jets of a budget are a ndarray"),
        ({"epsilon": "0.1x"}, "epsilon is '0.1x': give a number"),
        ({"epsilon": torch.tensor([0.1, 0.2])}, "give a number"),
        ({"epsilon": torch.inf}, "epsilon is infinite"),
        ({"scale": [1.0, 2.0]}, "scale is a list: give one number, or 5"),
        ({"scale": torch.nan}, "scale holds NaN"),
        ({"scale": -1.0}, "a feature scale of the budget is negative"),
        ({"lower": 1.0, "upper": 0.0}, "lower is above upper"),
        ({"missing": torch.zeros(JETS, FEATURES)}, r"missing is float32 \(60, 5\) .* give a bool tensor"),
        ({"missing": torch.zeros(FEATURES + 1, dtype=torch.bool)}, r"missing is bool \(6,\)"),
        ({"frozen": [5]}, "positions of those that stay, from 0 to 4"),
        ({"frozen": [-1]}, "frozen is a list"),
        ({"frozen": [0, 0, 0, 0, 1]}, "frozen is a list"),
        ({"frozen": ["jet_pt"]}, "frozen is a list"),
        ({"frozen": [0.5]}, "frozen is a list"),
        ({"frozen": torch.zeros(JETS, FEATURES, dtype=torch.bool)}, "entries that stay go into missing"),
        ({"frozen": list(range(FEATURES))}, "freezes every input"),
        ({"unit": 0.0, "frozen": [4]}, "a unit of the counts is not positive"),
        ({"norm": "l3"}, "unknown norm 'l3'"),
        ({"norm": "mahalanobis"}, r"Budget\.around with spread=Spread\.measure"),
        ({"norm": "mahalanobis", "spread": torch.eye(FEATURES)}, "spread is no scatter of 5 inputs"),
    ],
)
def test_what_a_budget_cannot_use_is_refused(case, change, message):
    with pytest.raises(InputError, match=message) as raised:
        Budget.around(**({"x": case.x, "epsilon": 0.1} | change))
    assert "\n" not in str(raised.value)


def test_a_mahalanobis_budget_asks_for_the_labels_it_has_a_spread_for(case):
    full = spread(case)
    with pytest.raises(InputError, match="needs the flavour of each jet: give label"):
        case.budget(**(full | {"label": None}))
    with pytest.raises(InputError, match=r"labels go from 0 to 3: .* below 3"):
        case.budget(**(full | {"label": torch.arange(JETS) % 4}))
    with pytest.raises(InputError, match="give the jets as float32"):
        Budget.around(case.x.half(), 0.1, **full)
