"""Query curves of attacks on a linear tagger, whose best attack is known."""

import pandas as pd
import pytest
import torch
import yaml
from torch import nn

from robustag.attacks import AttackDefinition, BudgetRule
from robustag.attacks.standalone import jet_cross_entropy
from robustag.evaluation.optimality import MEASURES, Watched, optimality
from robustag.plotting.options import Pair
from robustag.plotting.robustness.optimality import optimality_table
from robustag.tensors.loading import JetTensors

FEATURES, EPSILON = 5, 0.2
HALF = {"name": "pgd", "steps": 2, "rate": 0.5, "restarts": 0, "objective": "BvL"}


@pytest.fixture
def case():
    generator = torch.Generator().manual_seed(3)
    model = nn.Linear(FEATURES, 3)
    for parameter in model.parameters():
        nn.init.normal_(parameter, generator=generator)
    inputs, one = torch.randn(90, FEATURES, generator=generator), torch.ones(90)
    label, event = torch.arange(90) % 3, torch.arange(90) * 977
    jets = JetTensors(inputs, torch.zeros(90, FEATURES).bool(), label, one, one, one, event, one)
    rule = BudgetRule(torch.ones(FEATURES), torch.zeros(FEATURES).bool(), torch.zeros(FEATURES))
    return model, jets, rule


def followed(case, definitions, measures=("BvL",)):
    model, jets, rule = case
    attacks = {name: (AttackDefinition.of(each), rule) for name, each in definitions.items()}
    return optimality(model, jet_cross_entropy, jets, attacks, EPSILON, list(measures), 1)


def test_half_the_way_to_the_corner_is_half_of_the_best(case):
    definitions = {"half": HALF, "corner": {"name": "fgsm", "objective": "BvL"}}
    shares = {
        name: dict(zip(rows["passes"], rows["share"], strict=True))
        for name, rows in followed(case, definitions).groupby("attack")
    }
    # Forward and backward at the jet and after one step; then where it ends; then the user.
    assert shares["half"] == pytest.approx({1: 0.0, 3: 0.25, 5: 0.5, 6: 0.5}, abs=1e-5)
    assert shares["corner"] == pytest.approx({1: 0.0, 3: 1.0}, abs=1e-5)


def test_the_best_is_that_of_each_jet(case):
    """Two attacks, each on jets of its own: neither is the best, and only both together are."""
    definitions = {f"to_{name}": {"name": "fgsm", "objective": f"towards_{name}"} for name in ("b", "light")}
    ends = followed(case, definitions).groupby("attack")["share"].last()
    assert (ends < 1).all()
    assert ends.sum() == pytest.approx(1.0, abs=1e-5)


def test_points_beyond_the_budget_only_cost_passes(case):
    model, jets, rule = case
    budget = rule.budget(jets.inputs, jets.missing, EPSILON)
    watched = Watched(model, budget, jets.label, {"margin": MEASURES["margin"]})
    watched(jets.inputs + 2 * EPSILON)
    assert torch.isinf(watched.history[-1][1]["margin"]).all()
    watched(jets.inputs + EPSILON / 2)
    assert torch.isfinite(watched.history[-1][1]["margin"]).all()
    assert [passes for passes, _ in watched.history] == [1, 2]


def test_misread_jets_are_a_measure(case):
    definitions = {"margin": {"name": "apgd", "steps": 20, "objective": "margin"}, "half": HALF}
    table = followed(case, definitions, ["misread"])
    model, jets, _ = case
    raw = (model(jets.inputs).argmax(dim=1) != jets.label).double().mean()
    first = table.groupby("attack").first()
    assert set(first["share"]) == {0.0}
    assert first["reached"].tolist() == pytest.approx([float(raw)] * 2)
    assert table["reached"].between(float(raw), 1).all()


def test_the_area_is_the_mean_gap_over_all_passes():
    rows = [("a", 1, 0.0), ("a", 3, 0.5), ("a", 4, 1.0), ("b", 2, 0.5), ("b", 10, 0.5)]
    table = pd.DataFrame(rows, columns=["attack", "passes", "share"])
    table = table.assign(model="nominal", seed=1, measure="BvL", reached=0.0)
    drawn = optimality_table(table, [Pair("clean", "nominal", "adversarial")])
    # a: two passes of 1 and one of a half, of ten; b: one of 1 and nine of a half.
    assert dict(drawn.groupby("attack")["area"].first()) == pytest.approx({"a": 0.25, "b": 0.55})


def test_the_schema_offers_every_measure(root):
    schema = yaml.safe_load((root / "src/robustag/workflow/schemas/config.schema.yaml").read_text())
    offered = schema["properties"]["optimality"]["properties"]["measures"]["items"]["enum"]
    assert set(offered) == set(MEASURES)
