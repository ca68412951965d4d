import weakref
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from robustag.errors import InputError
from robustag.evaluation import campaign
from robustag.evaluation.campaign import predict
from robustag.evaluation.rates import clean_cuts
from robustag.tensors import Normalisation
from robustag.tensors.loading import JetTensors
from robustag.training.losses import cross_entropy

Baseline = partial(campaign.Baseline, loss=cross_entropy)


@pytest.fixture
def model():
    """Logits are the first three of four inputs; dropout would show if a model ran in training mode."""
    linear = torch.nn.Linear(4, 3, bias=False)
    linear.weight.data = torch.eye(4)[:3].clone()
    return torch.nn.Sequential(linear, torch.nn.Dropout(0.5))


@pytest.fixture
def data(make_jets):
    logits, label, event = make_jets(3000)
    extra = np.linspace(-1, 1, 3000, dtype=np.float32)[:, None]
    missing = torch.zeros(3000, 4, dtype=torch.bool)
    missing[:500, 3] = True
    one = torch.ones(3000)
    inputs = torch.from_numpy(np.hstack([logits, extra]))
    return JetTensors(inputs, missing, torch.from_numpy(label), one, one, one, torch.from_numpy(event), one)


@pytest.fixture
def normalisation():
    sigma = np.array([1.0, 1.0, 1.0, 2.0])
    return Normalisation(("p", "q", "r", "jet_pt"), np.array([0.0, 0, 0, 10]), sigma, np.zeros(4))


@pytest.fixture
def settings(settings):
    return replace(settings, inputs={"jet_pt": [8, 12.5]})


def pick(metrics, **keys):
    for column, value in keys.items():
        metrics = metrics[metrics[column] == value]
    return metrics


def test_predict_ignores_chunks_and_dropout_and_keeps_the_mode(model, data):
    model.train()
    model[0].eval()
    logits = predict(model, data.inputs, chunk=7)
    assert logits.dtype == np.float32
    np.testing.assert_array_equal(logits, data.inputs[:, :3].numpy())
    assert [part.training for part in model.modules()] == [True, False, True]


def test_predict_takes_fewer_jets_where_memory_is_short(model, data, monkeypatch, caplog):
    asked = []

    def refuse(module, arguments):
        asked.append(len(arguments[0]))
        if asked[-1] > 1000:
            raise torch.OutOfMemoryError("CUDA out of memory")

    model.register_forward_pre_hook(refuse)
    monkeypatch.setattr(campaign, "_CHUNK", 100)
    np.testing.assert_array_equal(predict(model, data.inputs, chunk=3000), data.inputs[:, :3].numpy())
    assert asked == [3000, 1500, *[750] * 4]
    assert [message.split(" jets")[0] for message in caplog.messages] == [
        "cpu has no memory for 3000",
        "cpu has no memory for 1500",
    ]


def test_sweep_measures_clean_first_and_each_epsilon_once(model, data, normalisation, settings):
    seen = []
    noise = torch.randn(data.inputs.shape, generator=torch.Generator().manual_seed(0))
    samples = ((epsilon, data.inputs + epsilon * noise) for epsilon in (0, 0.5, 2.0))
    baseline = Baseline(model, data, normalisation, settings)
    result = baseline.sweep(samples, "attack", "noise", seen.append)
    assert seen == [0.5, 2.0]
    assert set(result.metrics["kind"]) == {"attack"}
    auc = pick(result.metrics, metric="auc", discriminator="BvL")
    assert auc["epsilon"].to_list() == [0, 0.5, 2.0]
    assert auc["value"].is_monotonic_decreasing
    assert len(pick(result.curves, epsilon=0.5)) == 7 * 201
    clean = pick(result.metrics, metric="fixed_cut_mistag", epsilon=0.0, working_point=0.1)
    assert (clean["value"].between(0.098, 0.1)).all()


def test_no_sample_is_kept_while_the_next_one_is_made(model, data, normalisation, settings):
    made, alive = [], []

    def samples():
        for epsilon in (0.1, 0.2, 0.3):
            alive.extend(inputs() for inputs in made if inputs() is not None)
            inputs = data.inputs + epsilon
            made.append(weakref.ref(inputs))
            yield epsilon, inputs
            del inputs

    Baseline(model, data, normalisation, settings).sweep(samples(), "attack", "shift")
    assert len(made) == 3
    assert not alive


def test_fixed_cuts_come_from_the_clean_jets(model, data, normalisation, settings):
    shift = torch.tensor([1.0, 0, 0, 0])
    result = Baseline(model, data, normalisation, settings).sweep(
        [(1.0, data.inputs + shift)], "attack", "shift"
    )
    mistag = pick(result.metrics, metric="fixed_cut_mistag", discriminator="BvL", working_point=0.1)
    light = data.inputs[data.label == 2].numpy()
    odds = light[:, 0] - light[:, 2]
    expected = np.mean(odds + 1 > np.sort(odds)[-1 - int(0.1 * len(odds))])
    assert mistag["value"].to_list()[1] == pytest.approx(expected, abs=2 / len(odds))


def test_fewer_perturbed_jets_keep_the_cuts_of_all(model, data, normalisation, settings):
    few = data.select(slice(0, 600))
    cut = Baseline(model, few, normalisation, settings, data).sweep([], "attack", "noise").metrics
    logits = data.inputs[:, :3].numpy()
    cuts = clean_cuts(logits, data.label.numpy(), settings)
    light = few.label.numpy() == 2
    above = (few.inputs[:, 0] - few.inputs[:, 2]).numpy()[light] > cuts.score["BvL", 0.1]
    row = pick(cut, metric="fixed_cut_mistag", discriminator="BvL", working_point=0.1)
    assert row["value"].item() == pytest.approx(above.mean())


def test_input_histograms_are_physical_and_without_missing_entries(model, data, normalisation, settings):
    shift = torch.tensor([0.0, 0, 0, 0.2])
    result = Baseline(model, data, normalisation, settings).sweep(
        [(0.2, data.inputs + shift)], "attack", "shift"
    )
    pt = pick(result.histograms, quantity="jet_pt")
    totals = pt.groupby("epsilon")["count"].sum()
    assert totals.to_dict() == {0.0: 2500, 0.2: 2500}
    centre = (pt["low"] + pt["high"]) / 2
    mean = (pt["count"] * centre).groupby(pt["epsilon"]).sum() / totals
    exact = 10 + 2 * data.inputs[500:, 3].mean().item()
    assert mean[0.0] == pytest.approx(exact, abs=0.01)
    assert mean[0.2] == pytest.approx(exact + 0.4, abs=0.01)


def test_no_inputs_to_histogram_is_fine(model, data, normalisation, settings):
    result = Baseline(model, data, normalisation, replace(settings, inputs={})).sweep([], "attack", "none")
    assert "jet_pt" not in set(result.histograms["quantity"])


def test_a_varied_sample_of_the_same_events_is_paired(model, data, normalisation, settings):
    order = torch.randperm(3000, generator=torch.Generator().manual_seed(1))
    result = Baseline(model, data, normalisation, settings).varied(data.select(order), "scenario", "same")
    outputs = result.metrics["metric"].isin(["transport", "output_spread"])
    transported = pick(result.metrics, metric="transport")["value"]
    assert transported.to_list() == pytest.approx([0.0] * 3, abs=1e-12)
    measured = result.metrics[~outputs]
    clean, varied = (pick(measured, epsilon=e).reset_index(drop=True) for e in (0.0, 1.0))
    np.testing.assert_allclose(np.stack(clean["replicates"]), np.stack(varied["replicates"]), rtol=1e-5)
    np.testing.assert_allclose(clean["value"], varied["value"], rtol=1e-12)


def test_a_varied_sample_may_have_other_jets(model, data, normalisation, settings):
    part = data.select(slice(0, 2000))
    result = Baseline(model, data, normalisation, settings).varied(part, "scenario", "half")
    n = pick(result.metrics, metric="auc", discriminator="BvL").set_index("epsilon")["n"]
    assert n[1.0] == int((part.label != 1).sum())
    assert n[0.0] == int((data.label != 1).sum())


def test_outputs_are_transported_by_the_variation_that_shifts_them(model, data, normalisation, settings):
    varied = replace(data, inputs=data.inputs + torch.tensor([1.0, 0, 0, 0]))
    metrics = Baseline(model, data, normalisation, settings).varied(varied, "scenario", "shift").metrics
    found = pick(metrics, metric="transport").set_index("discriminator")["value"]
    # In log-ratio coordinates, a logit more is a step of the square root of 1/2 + 1/6.
    assert found.to_dict() == pytest.approx(dict.fromkeys(["b", "c", "light"], 2 / 3), rel=1e-6)
    assert set(pick(metrics, metric="transport")["epsilon"]) == {1.0}
    assert pick(metrics, metric="output_spread")["epsilon"].to_list() == [0.0]


def test_the_loss_of_the_training_is_measured(model, data, normalisation, settings):
    baseline = campaign.Baseline(
        model, data, normalisation, settings, loss=lambda logits, label: logits[:, 0] ** 2
    )
    result = baseline.sweep([(1.0, 2 * data.inputs)], "attack", "double")
    own = pick(result.metrics, discriminator="all", metric="loss")["value"].to_list()
    raw = (data.inputs[:, 0].double() ** 2).mean().item()
    assert own == pytest.approx([raw, 4 * raw], rel=1e-6)


def test_jets_that_cross_a_cut_are_counted_where_they_are_the_same(model, data, normalisation, settings):
    shift = torch.tensor([1.0, 0, 0, 0])
    baseline = Baseline(model, data, normalisation, settings)
    swept = baseline.sweep([(1.0, data.inputs + shift)], "attack", "shift")
    moved = pick(swept.bins, discriminator="BvL", variable="eta", bin_high=2.5, epsilon=1.0)
    assert (moved["gained"] > 0).all()
    assert (moved["lost"] == 0).all()
    raw = pick(swept.bins, discriminator="BvL", variable="eta", bin_high=2.5, epsilon=0.0)
    assert (moved["passed"].to_numpy() == (raw["passed"].to_numpy() + moved["gained"])).all()
    same = baseline.varied(data, "scenario", "same").bins
    assert (same[["gained", "lost"]] == 0).all(axis=None)
    part = data.select(slice(0, 2000))
    varied = baseline.varied(part, "scenario", "other").bins
    assert pick(varied, epsilon=0.0)["gained"].notna().all()
    assert pick(varied, epsilon=1.0)["gained"].isna().all()
    assert varied["gained"].dtype == "Int64"


def test_working_points_of_a_few_varied_jets_are_those_of_all(model, data, normalisation, settings):
    part = data.select(slice(0, 500))
    few = Baseline(model, part, normalisation, settings, data).varied(part, "scenario", "few")
    whole = Baseline(model, data, normalisation, settings, data).sweep([], "attack", "none")
    alone = Baseline(model, part, normalisation, settings, data).sweep([], "attack", "none")
    assert not few.bins.empty
    wanted = pick(alone.bins, epsilon=0.0)["passed"].to_list()
    assert pick(few.bins, epsilon=1.0)["passed"].to_list() == wanted
    assert pick(whole.bins, epsilon=0.0)["passed"].to_list() != wanted


def test_mistakes_are_named(model, data, normalisation, settings):
    with pytest.raises(InputError, match=r"fgsm at epsilon 0\.1 has inputs"):
        Baseline(model, data, normalisation, settings).sweep([(0.1, data.inputs[:10])], "attack", "fgsm")
    with pytest.raises(InputError, match="name 'jet_pT'"):
        Baseline(model, data, normalisation, replace(settings, inputs={"jet_pT": [0, 1]}))


def test_clean_jets_are_measured_once_for_all_that_is_compared_with_them(
    model, data, normalisation, settings
):
    passes = []
    model.register_forward_hook(lambda _, __, logits: passes.append(len(logits)))
    baseline = Baseline(model, data, normalisation, settings)
    first = baseline.sweep([(1.0, data.inputs + 1)], "scenario", "shift")
    second = baseline.varied(data, "scenario", "same")
    assert sum(passes) == 3 * len(data)
    clean = [pick(result.metrics, epsilon=0.0).drop(columns="perturbation") for result in (first, second)]
    pd.testing.assert_frame_equal(*clean)
