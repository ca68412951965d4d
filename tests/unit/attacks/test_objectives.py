"""What attacks raise: by hand, by invariance, and by where the jets of each flavour go."""

import math

import pytest
import torch
from tests.unit.attacks.definitions import DEFINITIONS
from torch import nn

import robustag.attacks
from robustag.attacks import ATTACKS, Budget, Sweep, audit, build_attack
from robustag.attacks.objectives import OBJECTIVES, objective_of
from robustag.attacks.problem import logit_margin
from robustag.classes import CLASSES, LIGHT, B, C
from robustag.errors import InputError
from robustag.evaluation.discriminators import DISCRIMINATORS
from robustag.workflow.definitions import attack_faults

LOGITS = torch.tensor([[2.0, 0.5, -1.0]] * 3)
LABEL = torch.tensor([B, C, LIGHT])
SOFTMAX = [math.exp(z) / (math.exp(2.0) + math.exp(0.5) + math.exp(-1.0)) for z in (2.0, 0.5, -1.0)]


@pytest.mark.parametrize(
    ("name", "each"),
    [
        ("margin", [-1.5, 1.5, 3.0]),
        ("probability_margin", [SOFTMAX[1] - SOFTMAX[0], SOFTMAX[0] - SOFTMAX[1], SOFTMAX[0] - SOFTMAX[2]]),
        ("dlr", [-0.5, 0.5, 1.0]),
        ("BvL", [-3.0, 0.0, 3.0]),
        ("BvC", [-1.5, 1.5, 0.0]),
        ("CvB", [-1.5, 1.5, 0.0]),
        ("CvL", [0.0, -1.5, 1.5]),
        ("towards_b", [0.0, 1.5, 3.0]),
        ("towards_c", [-1.5, 0.0, 1.5]),
        ("towards_light", [-3.0, -1.5, 0.0]),
    ],
)
def test_an_objective_of_a_jet_of_each_flavour(name, each):
    torch.testing.assert_close(OBJECTIVES[name](LOGITS, LABEL), torch.tensor(each))


def test_there_is_one_for_each_discriminator_and_each_wrong_flavour():
    assert {discriminator.name for discriminator in DISCRIMINATORS} < OBJECTIVES.keys()
    assert {f"towards_{flavour}" for flavour in CLASSES} < OBJECTIVES.keys()


@pytest.mark.parametrize("name", ["margin", "probability_margin", "dlr"])
def test_what_is_raised_to_have_jets_misread_is_above_zero_where_they_are(name):
    logits = torch.randn(500, 3, generator=torch.Generator().manual_seed(1))
    label = torch.arange(500) % 3
    objective = OBJECTIVES[name]
    assert torch.equal(objective(logits, label) > 0, logits.argmax(dim=1) != label)


def test_the_ratio_of_logits_does_not_know_their_scale():
    logits = torch.randn(100, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    label = torch.arange(100) % 3
    ratio = OBJECTIVES["dlr"]
    torch.testing.assert_close(ratio(logits, label), ratio(1e6 * logits - 7, label))
    assert ratio(logits, label).abs().max() <= 1
    assert torch.isfinite(ratio(torch.zeros(3, 3), LABEL)).all()


@pytest.mark.parametrize("name", ["fgsm", "pgd", "apgd", "random_search"])
def test_an_attack_on_a_discriminator_moves_its_flavours_apart_and_leaves_the_third(setting, name):
    definition = {**DEFINITIONS[name], "objective": "BvL"}
    attack = Sweep(definition, *setting.arguments, setting.rule, seed=1)
    moved = attack(0.05)
    with torch.no_grad():
        change = setting.model(moved) - setting.model(setting.inputs)
    ratio, label = change[:, B] - change[:, LIGHT], setting.label
    assert ratio[label == B].mean() < 0 < ratio[label == LIGHT].mean()
    assert torch.equal(moved[label == C], setting.inputs[label == C])
    found = audit(attack, 0.05, moved)
    raised = OBJECTIVES["BvL"](setting.model(moved), label).detach()
    assert found["raised"] == pytest.approx(float(raised.mean()), rel=1e-5)


@pytest.mark.parametrize("objective", ["margin", "probability_margin", "dlr", "BvL", "CvB", "towards_c"])
def test_the_attack_on_an_objective_raises_it_more_than_the_one_on_the_loss(setting, objective):
    raised = []
    for asked in (objective, "loss"):
        definition = {"name": "apgd", "steps": 12, "objective": asked}
        moved = Sweep(definition, *setting.arguments, setting.rule, seed=1)(0.1)
        with torch.no_grad():
            raised.append(OBJECTIVES[objective](setting.model(moved), setting.label).mean())
    assert raised[0] > raised[1]


def test_members_of_a_worst_case_raise_what_they_say_and_the_ensemble_what_it_says():
    """A linear tagger: FGSM towards a flavour is the worst case for that flavour, the ensemble for all."""
    generator = torch.Generator().manual_seed(5)
    model, x = nn.Linear(6, 3), torch.randn(90, 6, generator=generator)
    for parameter in model.parameters():
        nn.init.normal_(parameter, generator=generator)
    label = torch.arange(90) % 3
    members = [{"name": "fgsm", "objective": f"towards_{flavour}"} for flavour in CLASSES]
    given = [build_definition(member) for member in members]
    found = robustag.attacks.worst_case(model, x, label, Budget.around(x, 0.3), members=given)
    weight = model.weight[None] - model.weight[label][:, None]
    logits = model(x) - model(x).gather(1, label[:, None]) + 0.3 * weight.abs().sum(dim=2)
    worst = logits.scatter(1, label[:, None], -torch.inf).amax(dim=1)
    torch.testing.assert_close(logit_margin(model(found), label), worst, rtol=1e-4, atol=1e-4)


def build_definition(member):
    return robustag.attacks.AttackDefinition.inside(member)


def test_only_what_climbs_takes_an_objective_and_only_those_there_are():
    for name, definition in DEFINITIONS.items():
        faults = list(attack_faults("attacks.mine", {**definition, "objective": "BvL"}))
        assert (not faults) == ATTACKS[name].directed, name
    (fault,) = attack_faults("attacks.mine", {"name": "fgsm", "objective": "BvX"})
    assert "attacks.mine.objective" in fault
    assert "BvL" in fault
    (inside,) = attack_faults("a", {"name": "worst_case", "members": [{"name": "noise", "objective": "BvL"}]})
    assert "attack 'noise' takes no 'objective'" in inside
    with pytest.raises(InputError, match=r"unknown objective 'BvX' \(like BvL"):
        build_attack({"name": "fgsm", "objective": "BvX"})
    assert objective_of("loss") is None
