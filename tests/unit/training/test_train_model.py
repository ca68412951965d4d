import copy
import logging

import numpy as np
import pytest
import torch
from tests.unit.training.conftest import FOLLOWED, Jets, accompanied

from robustag.attacks import sweep
from robustag.errors import InputError
from robustag.training import build_loss, train_model
from robustag.training.feed import Resident
from robustag.training.step import Batch

COLUMNS = [
    "epoch",
    "train_loss",
    "validation_loss",
    "validation_auc_bvl",
    "validation_auc_cvl",
    "adversarial_loss",
    "adversarial_auc_bvl",
    "adversarial_auc_cvl",
    "one_step_share",
    "learning_rate",
    "seconds",
]


@pytest.fixture
def run(toy, tmp_path):
    """Train on the toy jets; the checkpoint's name and what else differs can be given."""
    train, validation, rule = toy

    def _run(definition, *, seed=1, name="run", fingerprint="a", progress=lambda row: None, train=train):
        return train_model(
            definition,
            Resident(accompanied(train)),
            validation,
            rule,
            validation_rule=rule,
            settings=FOLLOWED,
            seed=seed,
            device="cpu",
            checkpoint=tmp_path / f"{name}.safetensors",
            fingerprint=fingerprint,
            progress=progress,
        )

    return _run


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


class Stop(Exception):
    """Stands in for a kill between two epochs."""


def stop_after(epoch):
    def progress(row):
        if row["epoch"] == epoch:
            raise Stop

    return progress


@pytest.mark.parametrize(
    "recipe",
    [
        {"name": "fgsm", "epsilon": 0.1, "attack_mode": "train"},
        {"name": "noise", "epsilon": 0.1},
        {"name": "trades", "epsilon": 0.1, "beta": 2.0, "steps": 2, "rate": 2.5},
        {"name": "domain", "variations": ["up", "down"], "weight": 1.0, "warm_up": 2},
        {"name": "distilled", "teachers": ["other"], "temperature": 2.0, "share": 0.5},
        {"name": "mtl_ibp", "epsilon": 0.1, "weight": 0.3, "warm_up": 2, "steps": 1, "rate": 1.25},
        {"name": "sabr", "epsilon": 0.1, "width": 0.2, "warm_up": 2, "steps": 1, "rate": 1.25},
    ],
    ids=lambda recipe: recipe["name"],
)
def test_a_resumed_training_ends_bit_for_bit_like_an_uninterrupted_one(run, definition, recipe):
    definition = definition | {"recipe": recipe}
    whole, history, _ = run(definition, name="whole")
    for epoch in (1, 3):
        with pytest.raises(Stop):
            run(definition, name="killed", progress=stop_after(epoch))
    seen = []
    resumed, resumed_history, _ = run(definition, name="killed", progress=seen.append)
    assert same(whole, resumed)
    assert [row["epoch"] for row in seen] == [4]
    assert resumed_history.drop(columns="seconds").equals(history.drop(columns="seconds"))


def test_a_resumed_network_of_bounded_weights_ends_bit_for_bit_like_an_uninterrupted_one(run, definition):
    """What is optimised are weights before they are scaled, so that these are what a checkpoint keeps."""
    recipe = {"name": "mtl_ibp", "epsilon": 0.1, "weight": 0.3, "warm_up": 2, "steps": 1, "rate": 1.25}
    network = {"name": "lipschitz", "hidden": [8, 8], "constant": 5.0}
    definition = definition | {"network": network, "recipe": recipe}
    whole, _, _ = run(definition, name="whole")
    with pytest.raises(Stop):
        run(definition, name="killed", progress=stop_after(2))
    resumed, _, _ = run(definition, name="killed")
    assert same(whole, resumed)


def test_a_finished_training_is_not_repeated(run, definition):
    first, _, _ = run(definition)
    seen = []
    again, history, _ = run(definition, progress=seen.append)
    assert same(first, again)
    assert seen == []
    assert len(history) == 4


def test_a_checkpoint_of_another_configuration_is_ignored_with_a_word(run, definition, caplog):
    whole, _, _ = run(definition, name="whole")
    with pytest.raises(Stop):
        run(definition, name="other", seed=9, fingerprint="b", progress=stop_after(2))
    with caplog.at_level(logging.INFO):
        fresh, history, _ = run(definition, name="other", fingerprint="a")
    assert "another configuration" in caplog.text
    assert same(whole, fresh)
    assert len(history) == 4


def test_a_damaged_checkpoint_is_named(run, definition, tmp_path):
    with pytest.raises(Stop):
        run(definition, progress=stop_after(1))
    checkpoint = tmp_path / "run.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"run\.safetensors.*delete it"):
        run(definition)


def test_the_seed_decides_everything(run, definition):
    definition["optimiser"]["epochs"] = 1
    torch.manual_seed(5)
    first, _, _ = run(definition, name="first")
    state = torch.get_rng_state()
    torch.manual_seed(6)
    again, _, _ = run(definition, name="again")
    other, _, _ = run(definition, name="other", seed=2)
    assert same(first, again)
    assert not same(first, other)
    torch.manual_seed(5)
    assert torch.equal(torch.get_rng_state(), state), "torch's own random state is left alone"


def test_history_says_what_happened(run, definition, toy):
    _, validation, _ = toy
    model, history, _ = run(definition)
    assert list(history.columns) == COLUMNS
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["learning_rate"].tolist() == pytest.approx([0.005 / (1 + e / 3) for e in range(4)])
    with torch.no_grad():
        clean = build_loss(definition["loss"])(model(validation.inputs), validation.label).mean().item()
    assert history["validation_loss"].iloc[-1] == pytest.approx(clean, rel=1e-6)
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    assert 0.9 < history["validation_auc_bvl"].iloc[-1] < 1
    assert not model.training


def test_the_reported_loss_is_the_weighted_mean(run, definition, toy):
    """With a rate of (almost) zero and no dropout the weights stay, and the mean can be taken by hand."""
    train, _, _ = toy
    definition["recipe"] = {"name": "nominal"}
    definition["network"]["dropout"] = 0.0
    definition["optimiser"] |= {"learning_rate": 1e-30, "epochs": 1}
    model, history, _ = run(definition)
    with torch.no_grad():
        losses = build_loss(definition["loss"])(model(train.inputs), train.label)
    expected = (losses * train.weight).sum() / train.weight.sum()
    assert history["train_loss"][0] == pytest.approx(expected.item(), rel=1e-5)


def test_weights_of_zero_hide_jets_from_the_training(run, definition, toy):
    train, _, _ = toy
    definition["optimiser"] |= {"batch_size": 8000, "epochs": 2}
    definition["network"]["dropout"] = 0.0
    kept = train.label != 2
    weight = train.weight * kept
    spoilt = torch.where(kept[:, None], train.inputs, torch.full_like(train.inputs, 30.0))
    one, _, _ = run(definition, name="one", train=train._replace(weight=weight))
    other, _, _ = run(definition, name="other", train=train._replace(weight=weight, inputs=spoilt))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


@pytest.fixture
def whole_batches(definition):
    """Every step sees all jets: what copies of jets do to the order of a batch then changes nothing."""
    definition["recipe"] = {"name": "nominal"}
    definition["network"]["dropout"] = 0.0
    definition["optimiser"] |= {"batch_size": 100_000, "epochs": 3}
    return definition


def test_a_jet_of_weight_two_trains_as_two_jets(run, whole_batches, toy):
    train, _, _ = toy
    weight = torch.arange(len(train.label)) % 4
    copied = Jets(*(tensor.repeat_interleave(weight, dim=0) for tensor in train))
    one, history, _ = run(whole_batches, name="one", train=train._replace(weight=weight.float()))
    copied = copied._replace(weight=torch.ones(len(copied.label)))
    other, of_copies, _ = run(whole_batches, name="other", train=copied)
    assert history["train_loss"].tolist() == pytest.approx(of_copies["train_loss"].tolist(), rel=1e-5)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-4)


def test_weights_that_cancel_train_as_if_their_jets_were_not_there(run, whole_batches, toy):
    """A gradient is shorter where weights cancel, which Adam does not see but where it is about zero."""
    train, _, _ = toy
    rows = torch.cat([torch.arange(4000), torch.arange(1000), torch.arange(1000)])
    signs = torch.ones(6000).index_fill(0, torch.arange(5000, 6000), -1.0)
    signed = Jets(*(tensor[rows] for tensor in train))
    signed = signed._replace(weight=signed.weight * signs)
    one, history, _ = run(whole_batches, name="one")
    other, of_signed, _ = run(whole_batches, name="other", train=signed)
    assert history["train_loss"].tolist() == pytest.approx(of_signed["train_loss"].tolist(), rel=1e-4)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert (a - b).abs().mean() < 2e-5, "of three steps of 0.005"


def test_a_batch_whose_weights_add_up_to_nothing_still_trains(run, definition, toy):
    train, _, _ = toy
    definition["recipe"] = {"name": "nominal"}
    weight = torch.where(torch.arange(len(train.label)) % 2 == 0, 1.0, -0.999)
    model, history, _ = run(definition, train=train._replace(weight=weight))
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
    assert np.isfinite(history["train_loss"]).all()


def robust_accuracy(model, jets, rule, epsilon):
    loss = build_loss({"name": "cross_entropy"})
    jets = (jets.inputs, jets.missing, jets.label)
    ((_, perturbed),) = sweep({"name": "fgsm"}, model, loss, *jets, rule, [epsilon], seed=1)
    return (model(perturbed).argmax(dim=1) == jets[2]).double().mean().item()


def test_adversarial_training_gives_up_a_feature_that_does_not_last(run, definition, toy):
    _, validation, rule = toy
    definition["optimiser"]["epochs"] = 8
    nominal = copy.deepcopy(definition) | {"recipe": {"name": "nominal"}}
    accuracy = {
        name: [
            robust_accuracy(run(recipe, name=name)[0], validation, rule, epsilon) for epsilon in (0.0, 0.1)
        ]
        for name, recipe in {"nominal": nominal, "fgsm": definition}.items()
    }
    assert accuracy["nominal"][0] > 0.95
    assert accuracy["nominal"][1] < 0.5
    assert accuracy["fgsm"][1] > accuracy["nominal"][1] + 0.2


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("recipe", {"name": "magic"}, "unknown recipe 'magic': use one of adversarial, augmented"),
        ("recipe", {"name": "nominal", "epsilon": 0.1}, "epsilon"),
        ("recipe", {"name": "fgsm", "epsilon": 0.1, "attack_mode": "off"}, "train or eval"),
        ("recipe", {"name": "fgsm", "epsilon": 0.0, "attack_mode": "eval"}, "positive"),
        ("loss", {"name": "hinge"}, "unknown loss"),
        ("network", {"name": "resnet"}, "unknown network"),
    ],
)
def test_a_wrong_definition_is_refused(run, definition, part, value, message):
    with pytest.raises(InputError, match=message):
        run({**definition, part: value})


def test_an_unknown_optimiser_is_refused(run, definition):
    definition["optimiser"]["name"] = "sgd"
    with pytest.raises(InputError, match="unknown optimiser 'sgd': use one of adam"):
        run(definition)


def test_a_loss_that_is_not_finite_stops_the_training(run, definition, toy, tmp_path):
    train, _, _ = toy
    inputs = train.inputs.clone()
    inputs[17, 3] = torch.nan
    with pytest.raises(InputError, match=r"nan in epoch 1: lower the learning rate"):
        run(definition, train=train._replace(inputs=inputs))
    assert list(tmp_path.iterdir()) == []


def test_validation_jets_need_all_flavours(definition, toy, tmp_path):
    train, validation, rule = toy
    chosen = validation.label != 1
    without = type(validation)(*(tensor[chosen] for tensor in validation))
    with pytest.raises(InputError, match="both flavours"):
        train_model(
            definition,
            Resident(Batch(*train)),
            without,
            rule,
            validation_rule=rule,
            settings=FOLLOWED,
            seed=1,
            device="cpu",
            checkpoint=tmp_path / "c.safetensors",
            fingerprint="a",
            progress=lambda row: None,
        )


def test_a_training_in_bfloat16_is_another_one_as_good(run, definition):
    _, exact, _ = run(definition, name="exact")
    definition["optimiser"]["precision"] = "bfloat16"
    _, rounded, _ = run(definition, name="rounded")
    assert rounded["train_loss"].iloc[-1] != exact["train_loss"].iloc[-1]
    for column in ("validation_auc_bvl", "adversarial_auc_bvl"):
        assert rounded[column].iloc[-1] == pytest.approx(exact[column].iloc[-1], abs=0.02)
