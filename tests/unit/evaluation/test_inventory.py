"""The inventory of a sample and its models, on files written for it."""

import numpy as np
import pytest
from safetensors import safe_open

from robustag.evaluation import SAMPLE
from robustag.evaluation.inventory import inventory
from robustag.models import build_model, save_model
from robustag.tensors.store import write_store
from robustag.tensors.weights import WeightMap

EDGES = [20.0, 50.0, 900.0], [-2.5, 0.0, 2.5]
INPUTS = 3


@pytest.fixture
def made(tmp_path):
    """Two files of 800 jets each, two jets an event, scaled here and weighted by a map of their own."""
    generator = np.random.default_rng(1)
    number, ends = 800, [600, 680, 800]
    label = generator.choice(3, size=(2, number), p=[0.5, 0.1, 0.4])
    pt, eta = (
        generator.uniform(20, 100, (2, number)) * (1 + 0.3 * label),
        generator.uniform(-2.5, 2.5, (2, number)),
    )
    inputs = generator.normal(3.0, 2.0, (2, number, INPUTS))
    missing = generator.random((2, number, INPUTS)) < 0.2
    train = np.where(missing, np.nan, inputs)[:, : ends[0]]
    scaled = (inputs - np.nanmean(train, axis=(0, 1))) / np.nanstd(train, axis=(0, 1))
    counts = np.zeros((3, 2, 2), dtype=np.int64)
    bins = [np.digitize(value, edges[1:-1]) for value, edges in zip((pt, eta), EDGES, strict=True)]
    np.add.at(counts, tuple(part[:, : ends[0]].ravel() for part in (label, *bins)), 1)
    weights = WeightMap.fit(counts, *EDGES)
    paths = []
    for chunk in range(2):
        columns = {
            "inputs": np.where(missing, -40.0, scaled)[chunk].astype(np.float32),
            "missing": missing[chunk],
            "label": label[chunk].astype(np.int64),
            "pt": pt[chunk].astype(np.float32),
            "eta": eta[chunk].astype(np.float32),
            "weight": weights(label[chunk], pt[chunk], eta[chunk]),
            "event": 1000 * chunk + np.arange(number) // 2,
            "event_weight": np.ones(number, np.float32),
        }
        paths.append(tmp_path / f"000{chunk}.safetensors")
        write_store(columns, np.array(ends), paths[-1])
    card = {"network": {"name": "mlp", "hidden": [7, 5], "dropout": 0.1}, "inputs": INPUTS, "classes": 3}
    card |= {"loss": {"name": "double_softmax_focal", "gamma": 25.0}, "recipe": {"name": "nominal"}}
    card |= {"optimiser": {"name": "adam", "learning_rate": 0.01, "batch_size": 32, "epochs": 4}}
    model = tmp_path / "tagger" / "seed2.safetensors"
    model.parent.mkdir()
    save_model(model, build_model(card["network"], INPUTS, 3, seed=0), card)
    names = ("first", "second", "third")
    return inventory(paths, weights, names, [(model, "tagger", 2)]), label, ends


def of(table, quantity, model=SAMPLE):
    return table[(table["model"] == model) & (table["quantity"] == quantity)].set_index("name")["value"]


def test_jets_and_events_are_counted(made):
    table, label, ends = made
    jets = of(table, "jets")
    assert jets["train c"] == (label[:, : ends[0]] == 1).sum()
    assert jets["test light"] == (label[:, ends[1] :] == 2).sum()
    assert jets.sum() == 1600
    assert of(table, "events").sum() == 800


def test_scaled_inputs_and_weights_are_found_as_they_were_made(made):
    table, *_ = made
    assert of(table, "mean").to_numpy() == pytest.approx(np.zeros(INPUTS), abs=1e-6)
    assert of(table, "width").to_numpy() == pytest.approx(np.ones(INPUTS), abs=1e-6)
    assert of(table, "weighted").to_numpy() == pytest.approx(np.full(3, 400.0), rel=1e-5)
    distance = of(table, "spectrum_distance")
    assert distance["weighted"] == pytest.approx(0.0, abs=1e-6)
    assert distance["unweighted"] > 0.02


def test_weights_of_events_are_told_where_there_are_some(made, tmp_path):
    table, *_ = made
    assert of(table, "event_weights").empty
    weight = np.tile([1.0, -1.0, 2.0, 2.0], 200).astype(np.float32)
    paths = []
    for chunk, path in enumerate(sorted(tmp_path.glob("000*.safetensors"))):
        with safe_open(path, "np") as store:
            columns = {name: store.get_tensor(name) for name in store.keys()}  # noqa: SIM118
        columns["event_weight"] = weight
        # An input of the first two jets of four alone, once 1 and once 0: the others have none.
        columns["missing"][:, 0] = np.tile([False, False, True, False], 200)
        columns["inputs"][:, 0] = np.tile([1.0, 0.0, -40.0, 3.0], 200)
        paths.append(tmp_path / f"weighted{chunk}.safetensors")
        write_store(columns, np.array([600, 680, 800]), paths[-1])
    found = inventory(paths, WeightMap.fit(np.ones((3, 2, 2)), *EDGES), ("first", "second", "third"), [])
    told = of(found, "event_weights")
    assert told.to_dict() == pytest.approx({"negative": 0.25, "sum": 4 / 6, "effective": 1600 * 16 / 40})
    assert of(found, "mean")["first"] == pytest.approx((1 + 2 * 3) / 2)
    assert of(found, "width")["first"] == pytest.approx(0.0), "9.5 - 12.25 is no variance"
    assert of(found, "jets").sum() == 1600


def test_models_are_described_by_their_cards(made):
    table, *_ = made
    rows = table[table["model"] == "tagger"].set_index("quantity")
    assert set(rows["seed"]) == {2}
    assert rows["value"]["parameters"] == (INPUTS + 1) * 7 + 8 * 5 + 6 * 3
    numbers = ("hidden_layers", "narrowest", "widest", "gamma")
    assert [rows["value"][name] for name in numbers] == [2, 5, 7, 25]
    assert [rows["name"][name] for name in ("network", "loss")] == ["mlp", "double_softmax_focal"]
