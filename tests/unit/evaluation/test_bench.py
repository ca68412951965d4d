"""What models are measured with is read from one place, and belongs together."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustag.attacks import AttackDefinition, Spread
from robustag.errors import InputError
from robustag.evaluation.bench import Bench
from robustag.models import Inputs, build_model, save_model
from robustag.tensors import Normalisation
from robustag.tensors.loading import JetTensors, sample_jets

STUDY = {"relative_cap": None, "physical": False, "frozen": ["jet_pt"]}
NETWORK = {"name": "mlp", "hidden": [8], "dropout": 0.0}


@pytest.fixture
def normalisation(table):
    return Normalisation(table.names, np.zeros(table.size), np.ones(table.size), np.full(table.size, -9.0))


@pytest.fixture
def jets(table):
    rng = np.random.default_rng(1)
    inputs = torch.tensor(rng.normal(size=(60, table.size)), dtype=torch.float32)
    one = torch.ones(60)
    missing = torch.zeros(60, table.size, dtype=torch.bool)
    return JetTensors(inputs, missing, torch.arange(60) % 3, one, one, one, torch.arange(60) * 977, one)


@pytest.fixture
def bench(root, table, normalisation, jets, tmp_path):
    normalisation.save(tmp_path / "normalisation.json")
    Spread.measure(jets.inputs, jets.missing, jets.label).save(tmp_path / "spread.safetensors")
    files = root / "config/features/jet_flavor.yaml", tmp_path / "normalisation.json"
    return Bench.load(*files, tmp_path / "spread.safetensors")


@pytest.fixture
def saved(table, normalisation, tmp_path):
    """saved(name, loss, features): the file of a model."""

    def save(name, loss="cross_entropy", features=None, seed=1):
        card = {**Inputs.of(table, normalisation).card(), "classes": 3, "network": NETWORK}
        card |= {"loss": {"name": loss}, "features": features or list(table.names)}
        network = build_model(NETWORK, table.size, seed=seed)
        save_model(tmp_path / name, network, card)
        return tmp_path / name

    return save


def test_a_model_of_other_inputs_is_refused(bench, saved, table):
    assert bench.model(saved("good.safetensors")).card["classes"] == 3
    swapped = [*table.names[1::-1], *table.names[2:]]
    with pytest.raises(InputError):
        bench.model(saved("bad.safetensors", features=swapped))


def test_an_attack_has_its_own_budget_within_that_of_the_study(bench, saved, jets, table):
    definition = AttackDefinition.of({"name": "fgsm", "frozen": ["jet_eta"]}, STUDY)
    moved = bench.sweep(definition, bench.model(saved("a.safetensors")), jets, seed=1)(0.1) != jets.inputs
    assert not moved[:, table.index("jet_eta")].any()
    assert moved[:, table.index("jet_pt")].any()
    assert not bench.rule(AttackDefinition.of({"name": "fgsm"}, STUDY).budget).scale[table.index("jet_pt")]


def test_budgets_in_the_scatter_of_the_inputs_have_the_spread(bench, saved, jets):
    definition = AttackDefinition.of({"name": "mahalanobis_gradient"}, STUDY)
    sweep = bench.sweep(definition, bench.model(saved("a.safetensors")), jets, seed=1)
    assert (sweep(0.1) != jets.inputs).any()


def test_a_transferred_attack_raises_the_loss_of_the_model_it_is_crafted_on(bench, saved, jets):
    target, source = bench.model(saved("a.safetensors")), bench.model(saved("b.safetensors", seed=2))
    transfer = AttackDefinition.of({"name": "transfer", "source": "b", "attack": {"name": "fgsm"}}, STUDY)
    fgsm = AttackDefinition.of({"name": "fgsm"}, STUDY)
    crafted = bench.sweep(transfer, target, jets, seed=1, sources=[source])(0.1)
    assert torch.equal(crafted, bench.sweep(fgsm, source, jets, seed=1)(0.1))
    assert not torch.equal(crafted, bench.sweep(fgsm, target, jets, seed=1)(0.1))


def test_the_numbers_of_a_jet_do_not_depend_on_the_sample(bench, saved, jets):
    definition = AttackDefinition.of({"name": "noise"}, STUDY)
    model = bench.model(saved("a.safetensors"))
    whole, few = (bench.sweep(definition, model, some, seed=1)(0.1) for some in (jets, jets.sampled(10)))
    torch.testing.assert_close(few, whole[sample_jets(jets.event, 10)], rtol=0, atol=1e-6)


def test_jets_are_told_apart_by_event_and_direction(jets):
    eta = torch.linspace(-2.5, 2.5, 60)
    pairs = replace(jets, event=torch.arange(60) // 2, eta=eta)
    assert len(pairs.key.unique()) == 60
    assert pairs.key.dtype == torch.int64
    harder = replace(pairs, pt=2 * pairs.pt, inputs=pairs.inputs + 1)
    assert torch.equal(harder.key, pairs.key)
    assert torch.equal(pairs.select(slice(7, 20)).key, pairs.key[7:20])


def test_a_sample_of_jets_is_that_of_their_events(jets):
    few = jets.sampled(10)
    assert torch.equal(few.event, jets.event[sample_jets(jets.event, 10)])
