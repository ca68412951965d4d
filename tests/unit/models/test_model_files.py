import pytest
import torch
from safetensors.torch import save_file

from robustag.errors import InputError
from robustag.models import build_model, load_model, save_model, write_tensors

NETWORK = {"name": "mlp", "hidden": [8, 8], "dropout": 0.1}
CARD = {
    "network": NETWORK,
    "inputs": 5,
    "classes": 3,
    "loss": {"name": "focal", "gamma": 25.0},
    "recipe": {"name": "nominal"},
    "provenance": {"seed": 1},
}


@pytest.fixture
def stored(tmp_path):
    model = build_model(NETWORK, 5, seed=1)
    path = tmp_path / "models" / "seed1.safetensors"
    save_model(path, model, CARD)
    return model, path


def test_a_model_survives_its_file(stored):
    model, path = stored
    loaded, card = load_model(path)
    x = torch.randn(30, 5)
    assert torch.equal(loaded(x), model.eval()(x))
    assert card == CARD
    assert not loaded.training


def test_saving_leaves_one_file_with_the_same_bytes_each_time(stored):
    model, path = stored
    first = path.read_bytes()
    save_model(path, model, CARD)
    assert path.read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_truncated_file_is_refused(stored, keep):
    _, path = stored
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"seed1\.safetensors.*make it again"):
        load_model(path)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="absent"):
        load_model(tmp_path / "absent.safetensors")
    text = tmp_path / "text.safetensors"
    text.write_text("jet_pt,jet_eta\n" * 100)
    with pytest.raises(InputError, match="text"):
        load_model(text)
    bare = tmp_path / "bare.safetensors"
    save_file({"a": torch.zeros(2)}, bare)
    with pytest.raises(InputError, match="bare"):
        load_model(bare)
    checkpoint = tmp_path / "checkpoint.safetensors"
    write_tensors(checkpoint, {"a": torch.zeros(2)}, {"history": []})
    with pytest.raises(InputError, match="no model"):
        load_model(checkpoint)


def test_weights_must_fit_the_card_and_be_finite(stored):
    model, path = stored
    save_model(path, model, {**CARD, "inputs": 6})
    with pytest.raises(InputError, match="do not fit"):
        load_model(path)
    with torch.no_grad():
        model[0].weight[0, 0] = torch.nan
    save_model(path, model, CARD)
    with pytest.raises(InputError, match="not finite"):
        load_model(path)


def test_a_card_without_its_essentials_is_refused(stored):
    model, path = stored
    with pytest.raises(InputError, match="loss, network"):
        save_model(path, model, {"inputs": 5, "classes": 3})
