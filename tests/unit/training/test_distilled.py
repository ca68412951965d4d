"""Students and their teachers."""

import math

import numpy as np
import pytest
import torch
from tests.unit.training.conftest import toy_jets, trained_on

from robustag.attacks import BudgetRule
from robustag.errors import InputError
from robustag.models import build_model, save_model
from robustag.tensors.store import write_store
from robustag.training import TrainingFiles, build_loss, build_recipe, open_feed
from robustag.training.feed import batches
from robustag.training.losses import divergence
from robustag.training.step import Batch, Moment
from robustag.training.teachers import Teachers

LOSS = build_loss({"name": "cross_entropy"})
CPU = torch.device("cpu")
RULE = BudgetRule(torch.ones(23), torch.zeros(23, dtype=torch.bool), torch.zeros(23))
DEFINITION = {"name": "distilled", "teachers": ["other"], "temperature": 1.0, "share": 1.0}
MLP = {"name": "mlp", "hidden": [24, 24], "dropout": 0.3}


def linear(weights, bias):
    network = torch.nn.Linear(23, 3)
    with torch.no_grad():
        network.weight.copy_(weights)
        network.bias.copy_(bias)
    return network


def test_teachers_say_their_mean_probability_without_dropout():
    models = [build_model(MLP, 23, seed=seed).train() for seed in (1, 2, 3)]
    inputs = toy_jets(20_000, seed=1).inputs
    target = Teachers(models)(inputs)
    assert target.dtype == torch.float32
    assert not target.requires_grad
    expected = torch.stack([model.eval()(inputs.double()).softmax(dim=1) for model in models]).mean(dim=0)
    torch.testing.assert_close(target.exp(), expected.float())


def test_a_certain_teacher_stays_finite():
    certain = linear(torch.zeros(3, 23), torch.tensor([500.0, 0.0, 0.0]))
    target = Teachers([certain, certain])(torch.zeros(1, 23))
    torch.testing.assert_close(target, torch.tensor([[0.0, -500.0, -500.0]]))


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_the_loss_is_the_divergence_from_the_teachers_and_a_share_of_its_own(temperature):
    jets = toy_jets(50, seed=1)
    p = torch.rand(50, 3, generator=torch.Generator().manual_seed(2)).log_softmax(dim=1)
    batch = Batch(*jets, target=p)
    model = linear(torch.randn(3, 23, generator=torch.Generator().manual_seed(1)), torch.zeros(3))
    recipe = build_recipe(DEFINITION | {"temperature": temperature, "share": 0.7}, LOSS, RULE)
    (losses,) = recipe(model, batch, Moment(0, torch.Generator()))
    logits = model(jets.inputs)
    soft = [(x / temperature).softmax(dim=1) for x in (p, logits)]
    apart = (soft[0] * (soft[0] / soft[1]).log()).sum(dim=1)
    expected = 0.3 * LOSS(logits, jets.label) + 0.7 * temperature**2 * apart
    torch.testing.assert_close(losses, expected, rtol=1e-4, atol=1e-5)


def test_jets_without_teachers_are_refused():
    batch = Batch(*toy_jets(5, seed=1))
    recipe = build_recipe(DEFINITION, LOSS, RULE)
    with pytest.raises(InputError, match="needs the training jets with teachers"):
        next(recipe(linear(torch.zeros(3, 23), torch.zeros(3)), batch, Moment(0, torch.Generator())))


def student(network, recipe, target, folder, jets, epochs=30):
    batch, validation = Batch(*jets, target=target), toy_jets(300, seed=9)
    return trained_on(batch, validation, RULE, network, recipe, folder, rate=0.02, epochs=epochs).model


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_a_student_of_two_opinions_comes_to_their_mean(temperature, tmp_path):
    """Of teachers that say the same of every jet: not to the mean of their logits, at any temperature."""
    opinions = torch.tensor([[0.98, 0.01, 0.01], [0.2, 0.3, 0.5]])
    teachers = Teachers([linear(torch.zeros(3, 23), opinion.log()) for opinion in opinions])
    jets = toy_jets(4000, seed=1)
    jets = jets._replace(inputs=torch.randn(4000, 23, generator=torch.Generator().manual_seed(1)))
    recipe = DEFINITION | {"temperature": temperature}
    model = student({"name": "linear"}, recipe, teachers(jets.inputs), tmp_path, jets)
    with torch.no_grad():
        said = model(jets.inputs[:500]).softmax(dim=1)
    torch.testing.assert_close(said, opinions.mean(dim=0).expand(500, 3), rtol=0, atol=0.02)


def test_a_student_of_a_function_comes_to_the_function_whatever_the_labels_say(tmp_path):
    generator = torch.Generator().manual_seed(4)
    weights = 0.5 * torch.randn(3, 23, generator=generator)
    teachers = Teachers([linear(weights, torch.zeros(3))])
    jets = toy_jets(6000, seed=1)
    jets = jets._replace(label=jets.label[torch.randperm(6000, generator=generator)])
    model = student({"name": "linear"}, DEFINITION, teachers(jets.inputs), tmp_path, jets, epochs=60)
    test = toy_jets(500, seed=2).inputs
    with torch.no_grad():
        apart = divergence(teachers(test), model(test)).mean().item()
    assert apart < 1e-3


@pytest.fixture
def paths(tmp_path):
    """Two files of training jets."""
    found = []
    for number, count in enumerate((900, 600)):
        jets = toy_jets(count + 5, seed=number)
        columns = jets._asdict() | {"pt": jets.weight, "eta": jets.weight, "event_weight": jets.weight}
        columns |= {"event": torch.arange(count + 5) + 1000 * number}
        found.append(tmp_path / f"{number}.safetensors")
        write_store(
            {name: column.numpy() for name, column in columns.items()},
            np.array([count, count + 2, count + 5]),
            found[-1],
        )
    return found


@pytest.fixture
def teacher_files(tmp_path):
    """Files of two teachers."""
    files = [tmp_path / f"teacher{seed}.safetensors" for seed in (1, 2)]
    for seed, file in enumerate(files):
        card = {"network": MLP, "inputs": 23, "classes": 3, "loss": {"name": "cross_entropy"}}
        save_model(file, build_model(MLP, 23, seed=seed), card)
    return files


def test_what_teachers_say_goes_along_with_the_jets_wherever_those_are(paths, teacher_files, monkeypatch):
    monkeypatch.setattr("robustag.training.feed.WINDOW", 700)
    monkeypatch.setattr("robustag.training.feed.BLOCK", 64)
    files = TrainingFiles.open(paths, {}, teacher_files)
    teachers = Teachers.load(teacher_files, "cpu")
    sources = open_feed(files, CPU, math.inf), open_feed(files, CPU, 0)
    shown = [list(batches(source, 128, torch.Generator().manual_seed(1))) for source in sources]
    for one, other in zip(*shown, strict=True):
        assert torch.equal(one.target, other.target)
        assert torch.equal(one.target, teachers(one.inputs))


def test_a_training_is_another_one_with_other_teachers(paths, teacher_files):
    """What a checkpoint knows its training by: the arrays of its files, the teachers' weights among them."""

    def sums(teachers):
        return [tensor.double().sum().item() for tensor in TrainingFiles.open(paths, {}, teachers).arrays()]

    none, first, second, both = (
        sums(some) for some in ([], teacher_files[:1], teacher_files[1:], teacher_files)
    )
    assert len(none) < len(first) < len(both)
    assert first != second


def test_a_damaged_teacher_is_named(paths, teacher_files):
    teacher_files[1].write_bytes(teacher_files[1].read_bytes()[:500])
    with pytest.raises(InputError, match=r"teacher2\.safetensors"):
        TrainingFiles.open(paths, {}, teacher_files)
