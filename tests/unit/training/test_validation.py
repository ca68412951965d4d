"""How models are followed, and which of their weights are kept."""

import logging

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from robustag.attacks import sweep
from robustag.models import build_model, load_model
from robustag.training import build_loss, save_snapshots
from robustag.training.snapshots import names_of, snapshot
from robustag.training.step import Batch
from robustag.training.validation import Validation

LOSS = build_loss({"name": "cross_entropy"})


@pytest.fixture
def validate(toy):
    _, validation, rule = toy
    return Validation(Batch(*validation), LOSS, rule, epsilon=0.05, monitored=200)


@pytest.fixture
def model():
    return build_model({"name": "mlp", "hidden": [16], "dropout": 0.5}, 23, seed=1)


def test_clean_and_attacked_numbers_are_those_of_the_evaluation(validate, model, toy):
    _, jets, rule = toy
    model.train()
    row = validate(model)
    case = (jets.inputs, jets.missing, jets.label, rule)
    model.eval()
    for name, epsilon in (("validation", 0.0), ("adversarial", 0.05)):
        ((_, shown),) = sweep({"name": "fgsm"}, model, LOSS, *case, [epsilon], seed=1)
        with torch.no_grad():
            logits = model(shown)
        mean = np.average(LOSS(logits, jets.label).numpy(), weights=jets.weight)
        assert row[f"{name}_loss"] == pytest.approx(mean, rel=1e-6)
        chosen = jets.label != 1
        p = logits.softmax(dim=1)[chosen]
        score, weight = p[:, 0] / (p[:, 0] + p[:, 2]), jets.weight[chosen]
        expected = roc_auc_score(jets.label[chosen] == 0, score, sample_weight=weight)
        assert row[f"{name}_auc_bvl"] == pytest.approx(expected, abs=1e-6)


def test_every_part_of_the_model_keeps_its_mode(validate, model):
    model.train()
    model[0].eval()
    before = [part.training for part in model.modules()]
    validate(model)
    assert [part.training for part in model.modules()] == before


class Folded(torch.nn.Module):
    """A loss that rises for half a step and then falls deep: what catastrophic overfitting looks like."""

    def forward(self, x):
        return torch.stack(
            [-10 * (0.025 - (x - x.detach().round()).abs().sum(dim=1)).abs(), *2 * [0 * x[:, 0]]], 1
        )


def test_a_smooth_model_is_read_by_one_step_and_a_folded_one_is_not(validate, model, toy, caplog):
    assert validate(model)["one_step_share"] > 0.95
    assert caplog.text == ""
    _, jets, _ = toy
    # All jets are of flavour 0 here for the loss; AUCs need the others, so they get the labels back.
    inputs = jets.inputs.round() + 0.001
    folded = Validation(
        Batch(inputs, jets.missing, jets.label, jets.weight), negative, validate.rule, 0.05, 500
    )
    with caplog.at_level(logging.WARNING):
        share = folded(Folded())["one_step_share"]
    assert share < 0.5
    assert "catastrophic overfitting" in caplog.text


def negative(logits, label):
    """Minus the first logit is least at the fold, most beside it."""
    return logits[:, 0]


def rows(*losses):
    return [
        {"epoch": number, "validation_loss": clean, "adversarial_loss": attacked}
        for number, (clean, attacked) in enumerate(losses, start=1)
    ]


@pytest.mark.parametrize(
    ("history", "names"),
    [
        (rows((3.0, 3.0)), {"last", "best_clean", "best_adversarial"}),
        (rows((3.0, 3.0), (2.0, 4.0)), {"last", "best_clean", "epoch2"}),
        (rows((3.0, 3.0), (2.0, 4.0), (2.0, 2.0)), {"last", "best_adversarial"}),
        (rows((1.0, 1.0), (2.0, 4.0), (2.0, 2.0), (3.0, 3.0)), {"last", "epoch4"}),
    ],
)
def test_best_last_and_chosen_epochs_are_kept(history, names):
    assert set(names_of(history, [2, 4])) == names


def test_a_snapshot_is_a_model_file_that_tells_its_epoch(model, tmp_path):
    kept = snapshot(model, 3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    card = {
        "network": {"name": "mlp", "hidden": [16], "dropout": 0.5},
        "inputs": 23,
        "classes": 3,
        "loss": {},
    }
    kept = {"best_clean": kept, "last": snapshot(model, 4)}
    save_snapshots(tmp_path / "seed1.safetensors", kept, card, "best_clean")
    chosen = (tmp_path / "seed1.safetensors").read_bytes()
    assert chosen == (tmp_path / "seed1/best_clean.safetensors").read_bytes()
    assert load_model(tmp_path / "seed1/last.safetensors")[1]["epoch"] == 4
    loaded, told = load_model(tmp_path / "seed1.safetensors")
    assert told["epoch"] == 3
    assert not torch.equal(loaded.state_dict()["0.weight"], model.state_dict()["0.weight"])
    assert torch.equal(loaded.state_dict()["0.weight"], kept["best_clean"].weights["0.weight"])
