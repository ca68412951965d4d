"""Bounds on rates: exact for a linear model, and never left by a point of the box."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from robustag.attacks import BudgetRule
from robustag.evaluation.certificates import (
    EFFORT,
    Bounds,
    affine_layers,
    certified_rates,
    contrasted,
    enclosed,
    least_outputs,
)
from robustag.evaluation.discriminators import DISCRIMINATORS
from robustag.evaluation.settings import Evaluation
from robustag.models import build_model
from robustag.tensors.loading import JetTensors

EVALUATION = Evaluation(
    bootstrap=1,
    seed=1,
    efficiencies=[],
    mistags=[0.2, 0.05],
    bins={"pt": [20, 50, 100], "eta": [0, 2]},
    inputs={},
)
(BVL,) = (d for d in DISCRIMINATORS if d.name == "BvL")
RULE = BudgetRule(torch.tensor([1.0, 0.5, 1.0, 2.0]), torch.arange(4) == 2, torch.zeros(4))
EPSILON = 0.1
BOXES = {"none": (RULE, EPSILON)}


@pytest.fixture(scope="module")
def jets():
    generator = torch.Generator().manual_seed(2)
    label = torch.randint(0, 3, (600,), generator=generator)
    inputs = torch.randn(600, 4, generator=generator)
    inputs[:, :3] += torch.nn.functional.one_hot(label, 3)
    missing = torch.rand(600, 4, generator=generator) < 0.1
    pt = 20 + 100 * torch.rand(600, generator=generator)
    ones = torch.ones(600)
    return JetTensors(inputs, missing, label, ones, pt, ones, torch.arange(600), ones)


def network(name="mlp"):
    options = {"hidden": [12, 12], "dropout": 0.2} if name == "mlp" else {}
    model = build_model({"name": name, **options}, 4, seed=3).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.0)
    return model


def rates_of(model, jets, boxes=BOXES):
    return certified_rates(model, jets, jets, boxes, BVL, EVALUATION)


def test_of_a_linear_model_the_rates_are_those_of_the_two_corners(jets):
    model = network("linear")
    found = rates_of(model, jets)
    weight = (model.weight[0] - model.weight[2]).detach().double()
    odds = (jets.inputs.double() @ weight + (model.bias[0] - model.bias[2]).detach()).numpy()
    moves = EPSILON * RULE.scale * ~(jets.missing | RULE.integer)
    reach = (moves.double() @ weight.abs()).numpy()
    label, pt = jets.label.numpy(), jets.pt.numpy()
    assert len(found) == 2 * 2 * 3
    for row in found.itertuples():
        light = np.sort(odds[label == 2])[::-1]
        cut = light[int(row.working_point * len(light))] + 1e-6
        of = (label == {"b": 0, "light": 2}[row.flavour]) & (pt >= row.bin_low) & (pt <= row.bin_high)
        assert row.n == of.sum()
        expected = [np.mean(odds[of] + side * reach[of] > cut) for side in (-1, 0, 1)]
        np.testing.assert_allclose([row.lowest, row.raw, row.highest], expected, atol=1.5 / of.sum())
    moved = found[found["bin_low"] == 0]
    assert (moved["lowest"] < moved["raw"]).sum() >= 3
    assert (moved["raw"] < moved["highest"]).sum() >= 3


def test_no_point_of_the_boxes_takes_a_rate_out_of_its_bounds(jets):
    model = network()
    found = rates_of(model, jets)
    budget = RULE.budget(jets.inputs, jets.missing, EPSILON)
    for seed in range(20):
        share = torch.rand(jets.inputs.shape, generator=torch.Generator().manual_seed(seed)).round()
        inside = torch.lerp(budget.lower, budget.upper, share)
        moved = certified_rates(
            model, replace(jets, inputs=inside), jets, {"none": (RULE, 0.0)}, BVL, EVALUATION
        )
        assert (moved["raw"] >= found["lowest"]).all()
        assert (moved["raw"] <= found["highest"]).all()
        np.testing.assert_array_equal(moved["lowest"], moved["highest"], "an empty box leaves no room")


def test_the_jets_that_cruder_bounds_decide_need_no_tighter_ones(jets, monkeypatch):
    """Without branch and bound, which brings some back that are open here."""
    monkeypatch.setattr(sys.modules[certified_rates.__module__], "_SHARE", 0.0)
    model = network()
    found = rates_of(model, jets)
    layers = affine_layers(model)
    budget = RULE.budget(jets.inputs, jets.missing, EPSILON)
    box = Bounds(budget.lower.double(), budget.upper.double())
    asked = contrasted(layers, torch.tensor([[1.0, 0.0, -1.0]]))
    lower = least_outputs(asked, enclosed(layers, box, EFFORT), EFFORT)[:, 0]
    raw = (model(jets.inputs) @ torch.tensor([1.0, 0.0, -1.0])).detach()
    for mistag in EVALUATION.mistags:
        light = raw[jets.label == 2].sort(descending=True).values
        cut = light[int(mistag * len(light))] + 1e-5
        row = found[(found.working_point == mistag) & (found.flavour == "b") & (found.bin_low == 0)]
        assert row["lowest"].item() == pytest.approx((lower[jets.label == 0] > cut).double().mean().item())


def test_branch_and_bound_brings_jets_back_that_slopes_alone_leave_open(jets, monkeypatch):
    model, wide = network(), {"none": (RULE, 0.3)}
    found = rates_of(model, jets, wide)
    monkeypatch.setattr(sys.modules[certified_rates.__module__], "_SHARE", 0.0)
    without = rates_of(model, jets, wide)
    assert (found["lowest"] >= without["lowest"]).all()
    assert (found["highest"] <= without["highest"]).all()
    assert (found["highest"] - found["lowest"]).sum() < (without["highest"] - without["lowest"]).sum()


def test_each_box_stands_by_its_name_and_a_wider_one_allows_more(jets):
    found = rates_of(network(), jets, {"none": (RULE, 0.05), "uncertainty": (RULE, 0.2)})
    narrow, wide = (found[found["box"] == name].reset_index() for name in ("none", "uncertainty"))
    assert (narrow["epsilon"].unique(), wide["epsilon"].unique()) == ([0.05], [0.2])
    assert (wide["lowest"] <= narrow["lowest"]).all()
    assert (wide["highest"] >= narrow["highest"]).all()
    assert (wide["highest"] - wide["lowest"]).sum() > (narrow["highest"] - narrow["lowest"]).sum()


def test_rates_of_weighted_jets_are_those_of_their_copies(jets):
    copies = torch.arange(600) % 3
    weighted = replace(jets, event_weight=0.5 * copies)
    copied = jets.select(torch.arange(600).repeat_interleave(copies))
    found, expected = (rates_of(network(), each) for each in (weighted, copied))
    for column in ("raw", "lowest", "highest"):
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-12)


def test_a_bin_without_jets_has_no_row(jets):
    low = replace(jets, pt=torch.full_like(jets.pt, 30.0))
    assert set(rates_of(network(), low)["bin_low"]) == {0.0, 20.0}
