"""Taggers with an adversarial point that is known to exist, which every attack has to find.

After Zimmermann et al. (arXiv:2206.13991): an evaluation that misses a point planted in the budget says
nothing of a model in which none was planted.
"""

import pytest
import torch
from tests.unit.attacks.definitions import DEFINITIONS
from torch import nn

from robustag.attacks import ATTACKS, BudgetRule, Sweep
from robustag.attacks.objectives import objective_of
from robustag.attacks.problem import logit_margin
from robustag.attacks.standalone import jet_cross_entropy

JETS, FEATURES, EPSILON = 150, 8, 0.1
#: What a test of the whole length asks for, where the definitions of all tests are as short as can be.
LONGER = {
    "random_search": {"queries": 200, "objective": "margin"},
    "carlini_wagner": {"steps": 60, "searches": 5},
    "deepfool": {"steps": 10},
    "fmn": {"steps": 40},
}
#: Those that look for points of their ball alone, from the jet itself and not from a random point.
SEEKING = [
    name
    for name, info in ATTACKS.items()
    if info.whole_budget and info.kind in ("gradient", "search") and info.norm in ("linf", "l2")
    if name != "random_start_fgsm"
]


@pytest.fixture(scope="module")
def planted():
    """A random network whose last layer is rewritten so that the corner that moves one of its features most
    is misread, and every jet itself read well."""
    generator = torch.Generator().manual_seed(11)
    body = nn.Sequential(nn.Linear(FEATURES, 32), nn.Tanh())
    for parameter in body.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator)
    x = torch.randn(JETS, FEATURES, generator=generator)
    label = torch.arange(JETS) % 3
    corner = x - EPSILON * body[0].weight[0].sign()
    with torch.no_grad():
        # Jet by jet, for a threshold of its own: the jet is above, its planted point as far below.
        own, away = body(x)[:, 0], body(corner)[:, 0]
    return body, x, label, 0.4 * own + 0.6 * away, corner


class Planted(nn.Module):
    """True flavour over any other where the first feature of the body exceeds each jet's threshold."""

    def __init__(self, body, threshold, label):
        super().__init__()
        self.body, self.threshold = body, threshold
        self.true = nn.functional.one_hot(label, 3).float()

    def forward(self, x):
        above = self.body(x)[:, 0] - self.threshold
        return 10 * above[:, None] * self.true


def test_the_planted_point_is_there(planted):
    body, x, label, threshold, corner = planted
    model = Planted(body, threshold, label)
    assert (logit_margin(model(x), label) < 0).all()
    assert (logit_margin(model(corner), label) > 0).all()


@pytest.mark.parametrize("name", SEEKING)
def test_every_attack_finds_what_is_planted_in_its_budget(planted, name):
    body, x, label, threshold, _ = planted
    definition = {**DEFINITIONS[name], **LONGER.get(name, {})}
    if name == "worst_case":
        definition["members"] = [{"name": "fgsm"}]
    rule = BudgetRule(torch.ones(FEATURES), torch.zeros(FEATURES, dtype=torch.bool), torch.zeros(FEATURES))
    nothing = torch.zeros_like(x, dtype=torch.bool)
    model = Planted(body, threshold, label)
    attack = Sweep(definition, model, jet_cross_entropy, x, nothing, label, rule, seed=1)
    with torch.no_grad():
        found = logit_margin(model(attack(EPSILON)), label) > 0
    assert found.double().mean() > 0.98, f"{name} finds {found.double().mean():.0%}"


@pytest.mark.parametrize("epsilon", [0.02, 0.5, 3.0])
@pytest.mark.parametrize("objective", ["loss", "BvL", "towards_light"])
@pytest.mark.parametrize("name", [name for name, info in ATTACKS.items() if info.looks_back])
def test_an_attack_of_several_steps_never_ends_worse_than_it_began(setting, name, objective, epsilon):
    """In budgets in which one step overshoots for many jets, as that of FGSM does."""
    definition = DEFINITIONS[name]
    if ATTACKS[name].directed:
        definition = {**definition, "objective": objective}
    attack = Sweep(definition, *setting.arguments, setting.rule, seed=1)
    before, after = setting.inputs, attack(epsilon)
    with torch.no_grad():
        logits = [setting.model(x) for x in (before, after)]
    if attack.definition.raises == "misread":
        misread = [logit_margin(each, setting.label) > 0 for each in logits]
        assert (misread[1] | ~misread[0]).all()
    else:
        raised = objective_of(attack.definition.raises) or setting.loss
        start, end = (raised(each, setting.label) for each in logits)
        assert (end >= start - 1e-6).all()
