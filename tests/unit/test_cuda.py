"""A GPU gives the numbers of the processor up to rounding; where its memory is too small, this takes over."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.bounds import crown_bounds
from tests.six_inputs import feature_table, scaling
from tests.surfaces import SURFACE

from robustag.attacks import BudgetRule, Spread, Sweep, audit
from robustag.draws import Draws
from robustag.evaluation.campaign import predict
from robustag.evaluation.certificates import Bounds, affine_layers, forward
from robustag.mismodelling import perturb
from robustag.models import build_model
from robustag.surface import jet_geometry, weight_surface
from robustag.surface.settings import InputPair
from robustag.tensors.loading import JetTensors
from robustag.training import train_model
from robustag.training.feed import Resident
from robustag.training.files import COLUMNS
from robustag.training.losses import cross_entropy
from robustag.training.recorded import Recorded
from robustag.training.step import Batch
from robustag.training.teachers import Teachers

GPU = "cuda:0"
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

JETS = 3000
ATTACKS = {
    "fgsm": {"name": "fgsm"},
    "pgd": {"name": "pgd", "steps": 10, "rate": 2.5, "restarts": 1},
    "noise": {"name": "noise"},
    "random_search": {"name": "random_search", "queries": 20, "share": 0.5, "objective": "loss"},
    "rdsa": {"name": "rdsa", "attempts": 5, "features": 2},
    "mahalanobis_pgd": {"name": "mahalanobis_pgd", "steps": 4, "rate": 2.5, "restarts": 0},
}


@pytest.fixture
def table():
    return feature_table()


@pytest.fixture
def normalisation(table):
    return scaling(table)


@pytest.fixture
def jets():
    generator = torch.Generator().manual_seed(1)
    one = torch.ones(JETS)
    missing = torch.rand(JETS, 6, generator=generator) < 0.1
    inputs, eta = torch.randn(JETS, 6, generator=generator), torch.rand(JETS, generator=generator)
    return JetTensors(inputs, missing, torch.arange(JETS) % 3, one, one, eta, torch.arange(JETS) // 2, one)


@pytest.fixture
def rule(table, normalisation, jets):
    spread = Spread.measure(jets.inputs, jets.missing, jets.label)
    return BudgetRule.of(table, normalisation, physical=True, spread=spread)


@pytest.fixture
def model():
    return build_model({"name": "mlp", "hidden": [32, 32], "dropout": 0.1}, 6, seed=2).eval()


def on(device, model, rule):
    return copy.deepcopy(model).to(device), rule.to(device)


def prepared(definition, device, model, jets, rule):
    model, rule = on(device, model, rule)
    return Sweep(
        definition, model, cross_entropy, jets.inputs, jets.missing, jets.label, rule, seed=1, key=jets.key
    )


def agree(found, expected, share=0.999):
    """Entries agree to rounding, but for a few whose gradient is so near zero that its sign is rounding."""
    assert found.device.type == torch.device(GPU).type
    near = torch.isclose(found.cpu(), expected, rtol=1e-4, atol=1e-5)
    assert near.double().mean() >= share


@pytest.mark.parametrize("kind", ["uniform", "normal", "words"])
def test_random_numbers(kind, jets):
    expected = getattr(Draws(3, jets.key), kind)(7)
    found = getattr(Draws(3, jets.key.to(GPU)), kind)(7).cpu()
    exact = kind != "normal"
    torch.testing.assert_close(found, expected, rtol=0 if exact else 1e-5, atol=0 if exact else 1e-6)


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks(name, model, jets, rule):
    cpu, gpu = (prepared(ATTACKS[name], device, model, jets, rule) for device in ("cpu", GPU))
    for epsilon in (0.0, 0.05, 0.3):
        expected, found = cpu(epsilon), gpu(epsilon)
        agree(found, expected)
        reports = audit(gpu, epsilon, found), audit(cpu, epsilon, expected)
        assert reports[0] == pytest.approx(reports[1], rel=1e-3, abs=2e-3)
    assert [len(problem.inputs) for problem in gpu.problems] == [JETS]


@pytest.mark.parametrize("kind", ["smear", "swap"])
def test_scenarios(kind, jets, table, normalisation):
    definition = {"kind": kind, "inputs": ["*"], "strengths": [0.1, 0.5], "block": "track"}
    on_either = [
        dict(perturb(definition, sample, table, normalisation, relative_cap=0.5, seed=4))
        for sample in (jets, jets.to(GPU))
    ]
    for strength, expected in on_either[0].items():
        agree(on_either[1][strength], expected, share=1.0)


def test_logits(model, jets):
    expected = predict(model, jets.inputs)
    np.testing.assert_allclose(predict(copy.deepcopy(model).to(GPU), jets.inputs), expected, atol=1e-4)


def test_spread(jets):
    found, expected = (
        Spread.measure(sample.inputs, sample.missing, sample.label) for sample in (jets.to(GPU), jets)
    )
    torch.testing.assert_close(found.covariance.cpu(), expected.covariance, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.central.cpu(), expected.central, rtol=1e-5, atol=1e-6)


def test_surface(model, jets, rule, table, normalisation):
    pair = InputPair(("jet_pt", "mass"), (1.0, 4.0)).scaled(table, normalisation)
    settings, few = replace(SURFACE, principal=2, lanczos=3), np.arange(300)
    places = [on(device, model, rule) for device in (GPU, "cpu")]
    found, expected = (
        jet_geometry(network, cross_entropy, jets, few, pair, there, settings) for network, there in places
    )
    for name in ("loss", "grad_l1", "margin_l1", "mixed_difference", "curvature", "gradient_share"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(found["distance"], expected["distance"], rtol=1e-3)
    grid = {"jets": 50, "epsilon": 0.1, "width": 1.0, "points": 3, "seed": 5}
    planes = [weight_surface(network, cross_entropy, jets, there, **grid) for network, there in places]
    np.testing.assert_allclose(planes[0]["loss"], planes[1]["loss"], rtol=1e-4)


def test_certificates(model, jets, rule):
    rule = replace(rule, physical=False)
    outputs = []
    for device in (GPU, "cpu"):
        network, there = on(device, model, rule)
        some = jets.select(slice(0, 500)).to(device)
        budget = there.budget(some.inputs, some.missing, 0.05)
        layers = affine_layers(network)
        bounds = crown_bounds(layers, Bounds(budget.lower.double(), budget.upper.double()))
        outputs.append([each.cpu() for each in (bounds.lower, bounds.upper, forward(layers, some.inputs))])
    for found, expected in zip(*outputs, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)


def hungry(model, most):
    """A model that has memory for so many jets on a GPU."""

    def refuse(module, arguments):
        if arguments[0].device.type == "cuda" and len(arguments[0]) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")

    model = copy.deepcopy(model)
    model.register_forward_pre_hook(refuse)
    return model


@pytest.mark.parametrize(("most", "device", "lines"), [(2500, "cuda", 1), (0, "cpu", 2)])
def test_the_processor_takes_over_where_memory_is_short(most, device, lines, model, jets, rule, caplog):
    greedy = hungry(model, most)
    attack = prepared(ATTACKS["pgd"], GPU, greedy, jets, rule)
    perturbed = attack(0.1)
    assert perturbed.device.type == device
    assert len(caplog.messages) == lines
    expected = prepared(ATTACKS["pgd"], "cpu", model, jets, rule)(0.1)
    assert torch.isclose(perturbed.cpu(), expected, rtol=1e-4, atol=1e-5).double().mean() > 0.999
    audit(attack, 0.1, perturbed)
    on_gpu = copy.deepcopy(greedy).to(GPU)
    np.testing.assert_allclose(predict(on_gpu, jets.inputs), predict(model, jets.inputs), atol=1e-4)
    assert next(on_gpu.parameters()).device.type == torch.device(GPU).type, "the caller's model stays"


RECIPES = [
    {"name": "nominal"},
    {"name": "noise", "epsilon": 0.1},
    {"name": "fgsm", "epsilon": 0.1, "attack_mode": "train", "warm_up": 2},
    {"name": "pgd", "epsilon": 0.1, "attack_mode": "eval", "steps": 2, "rate": 2.5, "restarts": 1},
    {"name": "free", "epsilon": 0.1, "replays": 2},
    {"name": "gradient_penalty", "epsilon": 0.1},
    {"name": "trades", "epsilon": 0.1, "beta": 2.0, "steps": 2, "rate": 2.5},
    {"name": "augmented", "variations": ["up", "down"], "share": 0.5},
    {"name": "paired", "variations": ["up", "down"], "weight": 1.0},
    {"name": "group_dro", "variations": ["up", "down"], "rate": 0.01},
    {"name": "coherent", "variations": ["up", "down"], "size": 1.0, "move": "jet"},
    {"name": "domain", "variations": ["up", "down"], "weight": 1.0, "warm_up": 2},
    {"name": "distilled", "teachers": ["other"], "temperature": 2.0, "share": 0.5},
]


@pytest.fixture
def accompanied(jets):
    """The jets with all that a recipe may need: two variations of them, and what teachers say."""
    generator = torch.Generator().manual_seed(3)
    varied = jets.inputs[:, None] + 0.3 * torch.randn(JETS, 2, 6, generator=generator)
    teachers = Teachers([build_model({"name": "linear"}, 6, seed=seed).to(GPU) for seed in (1, 2)])
    batch = Batch(*(getattr(jets, part) for part in COLUMNS), varied, jets.missing[:, None].expand(-1, 2, -1))
    batch = batch.each(lambda part: part.to(GPU))
    return batch._replace(target=teachers(batch.inputs))


@pytest.fixture
def train(jets, accompanied, rule, tmp_path):
    """Train on a GPU; a recipe, and after how many epochs the job is killed, if it is."""

    def _train(recipe, name, *, killed=None, precision="float32"):
        class Stop(Exception):
            pass

        def progress(row):
            if row["epoch"] == killed:
                raise Stop

        optimiser = {"name": "adam", "learning_rate": 0.005, "decay": {"name": "cosine"}, "batch_size": 256}
        try:
            return train_model(
                {
                    "network": {"name": "mlp", "hidden": [24, 24], "dropout": 0.1},
                    "loss": {"name": "cross_entropy"},
                    "recipe": recipe,
                    "optimiser": optimiser | {"epochs": 6, "precision": precision},
                    "checkpoints": [],
                },
                Resident(accompanied),
                jets,
                rule,
                validation_rule=rule,
                settings={"epsilon": 0.05, "monitored": 200},
                seed=1,
                device=GPU,
                checkpoint=tmp_path / f"{name}.checkpoint",
                fingerprint="a",
                progress=progress,
            )
        except Stop:
            return None

    return _train


@pytest.fixture
def graphs(monkeypatch):
    """How many graphs were recorded."""
    count, record = [], Recorded._record

    def counted(self, *arguments):
        record(self, *arguments)
        count.append(1)

    monkeypatch.setattr(Recorded, "_record", counted)
    return count


def test_teachers(jets):
    models = [build_model({"name": "mlp", "hidden": [8], "dropout": 0.1}, 6, seed=seed) for seed in (1, 2)]
    found = Teachers([copy.deepcopy(model).to(GPU) for model in models])(jets.inputs.to(GPU))
    torch.testing.assert_close(found.cpu(), Teachers(models)(jets.inputs), rtol=1e-6, atol=1e-6)


def same(one, other):
    return all(
        torch.equal(a, b) for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True)
    )


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe["name"])
def test_recorded_updates_give_the_weights_of_called_ones(recipe, train, graphs, monkeypatch):
    recorded = train(recipe, "recorded")
    assert graphs
    with monkeypatch.context() as patch:
        patch.setattr(Recorded, "_record", lambda *arguments: None)
        called = train(recipe, "called")
    pairs = zip(recorded.model.parameters(), called.model.parameters(), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe["name"])
def test_a_resumed_training_ends_like_an_uninterrupted_one(recipe, train):
    whole = train(recipe, "whole")
    for epoch in (1, 4):
        assert train(recipe, "killed", killed=epoch) is None
    assert same(train(recipe, "killed"), whole)


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_other_precisions_change_little(precision, train):
    exact, rounded = train(RECIPES[0], "exact"), train(RECIPES[0], precision, precision=precision)
    assert not same(exact, rounded)
    for column in ("validation_loss", "adversarial_loss"):
        assert rounded.history[column].iloc[-1] == pytest.approx(exact.history[column].iloc[-1], rel=0.05)
