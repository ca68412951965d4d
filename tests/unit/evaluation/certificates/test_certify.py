"""Certificates and attacks as tagging numbers: the truth lies between them."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from robustag.attacks import BudgetRule
from robustag.evaluation.certificates import (
    BrokenCertificateError,
    Certificates,
    certify,
    interval_bounds,
)
from robustag.evaluation.settings import Evaluation
from robustag.models import build_model
from robustag.tensors.loading import JetTensors

CERTIFICATES = Certificates(
    epsilons=[0.05, 0.3],
    jets=100,
    attacks=[{"name": "fgsm"}, {"name": "apgd", "steps": 5, "objective": "loss"}],
    discriminators=["BvL", "CvL"],
)
EVALUATION = Evaluation(bootstrap=20, seed=1, efficiencies=[], mistags=[0.1], bins={}, inputs={})
KEY = ["epsilon", "discriminator", "flavour", "metric", "working_point"]


@pytest.fixture(scope="module")
def jets():
    generator = torch.Generator().manual_seed(2)
    label = torch.randint(0, 3, (240,), generator=generator)
    inputs = torch.randn(240, 6, generator=generator)
    inputs[:, :3] += 1.5 * nn.functional.one_hot(label, 3)
    ones = torch.ones(240)
    missing = torch.rand(240, 6, generator=generator) < 0.1
    return JetTensors(inputs, missing, label, ones, ones, ones, torch.arange(240), ones)


@pytest.fixture(scope="module")
def rule():
    return BudgetRule(scale=torch.ones(6), integer=torch.arange(6) == 4, centre=torch.zeros(6))


def linear(scale=1.0):
    model = nn.Sequential(nn.Linear(6, 3))
    with torch.no_grad():
        model[0].weight.copy_(scale * torch.eye(3, 6) + 0.1 * torch.arange(18.0).reshape(3, 6).sin())
        model[0].bias.zero_()
    return model.eval()


def values(table):
    return table.pivot_table(index=KEY, columns="method", values="value", dropna=False).dropna()


def test_of_a_linear_model_all_three_methods_know_the_truth(jets, rule):
    found = values(certify(linear(), jets, jets, rule, CERTIFICATES, EVALUATION, 1))
    np.testing.assert_allclose(found["interval"], found["proven"], atol=1e-12)
    np.testing.assert_allclose(found["attack"], found["proven"], atol=1 / 60)
    clean, moved = found.loc[0.0], found.loc[0.3]
    assert (
        moved["proven"].xs("auc", level="metric") < clean["proven"].xs("auc", level="metric") - 0.05
    ).all()


def test_dropout_is_off_and_every_part_of_the_model_keeps_its_mode(jets, rule):
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)).train()
    model[0].eval()
    before = [part.training for part in model.modules()]
    table = certify(model, jets, jets, rule, CERTIFICATES, EVALUATION, 1)
    assert [part.training for part in model.modules()] == before
    pd.testing.assert_frame_equal(table, certify(model.eval(), jets, jets, rule, CERTIFICATES, EVALUATION, 1))


def test_the_truth_is_bracketed_and_starts_from_the_clean_numbers(jets, rule):
    model = build_model({"name": "mlp", "hidden": [12, 12], "dropout": 0.1}, 6, seed=4).eval()
    with torch.no_grad():
        model[0].weight.mul_(3.0)
    table = certify(model, jets, jets, rule, CERTIFICATES, EVALUATION, 1)
    found = values(table)
    rate = found.index.get_level_values("metric") == "fixed_cut_mistag"
    good, bad = found[~rate], found[rate]
    assert (good["interval"] <= good["proven"]).all()
    assert (good["proven"] <= good["attack"]).all()
    assert (bad["interval"] >= bad["proven"]).all()
    assert (bad["proven"] >= bad["attack"]).all()
    assert (found.loc[0.3]["interval"] != found.loc[0.3]["attack"]).any()
    np.testing.assert_allclose(found.loc[0.0]["proven"], found.loc[0.0]["attack"], atol=1e-12)
    right = (model(jets.inputs).argmax(dim=1) == jets.label).double().mean()
    clean = found.loc[0.0].xs("accuracy", level="metric").xs("all", level="flavour")
    assert clean["attack"].item() == pytest.approx(right.item())
    assert (table.low <= table.value + 1e-12).all()
    assert (table.value <= table.high + 1e-12).all()
    assert table[table.flavour == "b"].n.eq((jets.label == 0).sum().item()).all()


def test_numbers_of_an_epsilon_do_not_depend_on_the_others(jets, rule):
    """Boxes are bounded from the widest inwards, in whatever order they stand."""
    model = build_model({"name": "mlp", "hidden": [12, 12], "dropout": 0.1}, 6, seed=4).eval()
    both, reverse, alone = (
        certify(model, jets, jets, rule, replace(CERTIFICATES, epsilons=epsilons), EVALUATION, 1)
        for epsilons in ([0.05, 0.3], [0.3, 0.05], [0.05])
    )
    pd.testing.assert_frame_equal(both, reverse)
    found, expected = values(both).loc[[0.05]], values(alone).loc[[0.05]]
    pd.testing.assert_frame_equal(found, expected, atol=1e-6)


def test_a_bound_that_an_attack_breaks_stops_everything(jets, rule, monkeypatch):
    def boastful(layers, inside):
        middle = (inside.box.lower + inside.box.upper) / 2
        return interval_bounds(layers, type(inside.box)(middle, middle)).lower

    monkeypatch.setattr(sys.modules[certify.__module__], "METHODS", {"boastful": boastful})
    with pytest.raises(BrokenCertificateError, match=r"boastful bounds BvL of jet \d+ by .* at epsilon 0.3"):
        certify(linear(), jets, jets, rule, CERTIFICATES, EVALUATION, 1)


def test_certified_numbers_of_weighted_jets_are_those_of_their_copies(jets, rule):
    copies = torch.arange(240) % 3
    weighted = replace(jets, event_weight=0.5 * copies)
    rows = torch.arange(240).repeat_interleave(copies)
    copied = jets.select(rows)
    found, expected = (
        certify(linear(), each, each, rule, CERTIFICATES, EVALUATION, 1) for each in (weighted, copied)
    )
    proven = found["method"] != "attack"
    np.testing.assert_allclose(found["value"][proven], expected["value"][proven], rtol=1e-12)
    assert (found["n"] < expected["n"]).all()
    with_errors = found["metric"] == "auc"
    assert (found["high"] - found["low"])[~with_errors & proven].gt(0).all()
