"""Bad models through the doors of the user: one line with file, fault and mend, and no scores."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

from robustag.checksums import BLANK, seal_file
from robustag.cli import main
from robustag.deployment.export import export_onnx
from robustag.deployment.predict import Tagger
from robustag.errors import InputError
from robustag.models import Inputs, build_model, load_model, save_model
from robustag.tensors import Normalisation

MARK = BLANK.encode()[:-8]  # in front of the eight digits of a checksum
NETWORK = {"name": "mlp", "hidden": [8], "dropout": 0.1}


@pytest.fixture(scope="module")
def models(table, tmp_path_factory):
    """An untrained model, stored and exported."""
    zeros = np.zeros(table.size)
    inputs = Inputs.of(table, Normalisation(table.names, zeros, zeros + 1, zeros - 9))
    loss = {"name": "cross_entropy"}
    card = {"network": NETWORK, **inputs.card(), "classes": 3, "loss": loss, "recipe": {"name": "nominal"}}
    folder = tmp_path_factory.mktemp("models")
    model = build_model(NETWORK, inputs, seed=1).eval()
    save_model(folder / "model.safetensors", model, card)
    export_onnx(model, card, folder / "model.onnx")
    return folder


def store_sealed(path: Path, content: bytes) -> None:
    """Store with the right checksum, if there is a place for it: only the content itself can be refused."""
    before, mark, after = content.partition(MARK)
    path.write_bytes(before + BLANK.encode() + after[8:] if mark else content)
    if mark:
        seal_file(path)


def renamed(part, place):
    def change(model):
        getattr(model.graph, part)[place].name = "another"

    return change


def card_entry(model):
    return next(entry for entry in model.metadata_props if entry.key == "card")


def card(text):
    def change(model):
        card_entry(model).value = text

    return change


def changed(**entries):
    def change(model):
        entry = card_entry(model)
        entry.value = json.dumps(json.loads(entry.value) | entries)

    return change


FOREIGN = {
    "no metadata": (lambda model: model.ClearField("metadata_props"), "does not say what its inputs are"),
    "a card that is no JSON": (card("{"), "does not say what its inputs are"),
    "a card that is a list": (card("[]"), "does not say what its inputs are"),
    "a card without scaling": (changed(normalisation=None), "does not say what its inputs are"),
    "a scaling without names": (changed(normalisation={"mean": [0]}), "does not say what its inputs are"),
    "a card of other inputs": (changed(features=["jet_pt"]), "are not those its card names"),
    "another input": (renamed("input", 0), "is damaged or no ONNX model"),
    "another output": (renamed("output", 0), "is damaged or no ONNX model"),
    "no nodes": (lambda model: model.graph.ClearField("node"), "is damaged or no ONNX model"),
    "no weights": (lambda model: model.graph.ClearField("initializer"), "is damaged or no ONNX model"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_model_of_other_origin_is_refused(name, models, tmp_path, capsys):
    change, complaint = FOREIGN[name]
    model = onnx.load(models / "model.onnx")
    change(model)
    path = tmp_path / "mine.onnx"
    store_sealed(path, model.SerializeToString())
    assert main(["predict", str(path), str(tmp_path / "absent.root")]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(rf"robustag predict: [^\n]*mine\.onnx[^\n]*{complaint}[^\n]*: [^\n]+\n", error), error
    assert list(tmp_path.iterdir()) == [path]


def test_one_changed_bit_anywhere_is_found(models, tmp_path):
    """Whatever it changes: weights, names, card, or the checksum itself."""
    whole, chance = (models / "model.onnx").read_bytes(), np.random.default_rng(3)
    path = tmp_path / "mine.onnx"
    mark = range(whole.index(MARK), whole.index(MARK) + len(MARK))
    for place in set(chance.integers(0, len(whole), 200)) - set(mark):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(chance.integers(0, 8))
        path.write_bytes(damaged)
        with pytest.raises(
            InputError, match=r"mine\.onnx is damaged .*its checksum is wrong.*export it again"
        ):
            Tagger(path)


@pytest.mark.parametrize(("kind", "read"), [("onnx", Tagger), ("safetensors", load_model)])
def test_mutated_models_are_used_or_refused(kind, read, models, tmp_path, capfd):
    """Fuzz, with right checksums where a file has its own: a model that can be run, or one line."""
    whole, chance = (models / f"model.{kind}").read_bytes(), np.random.default_rng(4)
    path, outcomes = tmp_path / f"mine.{kind}", Counter()
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.integers(1, 6)):
            # The ends hold the structure, the rest are numbers.
            near = chance.choice([len(whole), min(4000, len(whole))])
            place = int(chance.integers(0, near))
            damaged[place if chance.random() < 0.5 else -1 - place] = chance.integers(0, 256)
        if chance.random() < 0.1:
            del damaged[int(chance.integers(0, len(damaged))) :]
        store_sealed(path, bytes(damaged))
        try:
            read(path)
            outcomes["used"] += 1
        except InputError as error:
            outcomes["refused"] += 1
            assert re.fullmatch(rf"[^\n]*mine\.{kind}[^\n]*: [^\n]+", str(error))  # noqa: PT017
    assert outcomes["refused"] > 100
    assert (outcomes["used"] > 10) == (kind == "onnx"), "every number of a stored model has its checksum"
    assert capfd.readouterr() == ("", "")
