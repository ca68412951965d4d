"""Files of tensors with a JSON card: models and checkpoints, free of pickle."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from robustag.errors import InputError
from robustag.models.inputs import Inputs
from robustag.models.registry import build_model
from robustag.stored import read_arrays, write_arrays


def write_tensors(path: str | Path, tensors: dict[str, Tensor], card: dict) -> None:
    """Write tensors and a JSON-ready card as one safetensors file, whole or not at all."""
    write_arrays(path, {name: tensor.detach().cpu() for name, tensor in tensors.items()}, card)


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict]:
    """Read what `write_tensors` wrote, on the CPU.

    Raises
    ------
    InputError
        If the file is missing, damaged, or of another kind.
    """
    return read_arrays(path, "pt", "cannot be read as tensors with a card", "delete it and make it again")


def save_model(path: str | Path, model: nn.Module, card: dict) -> None:
    """Write a model's weights with its card.

    Parameters
    ----------
    path : path
        Conventionally ``.safetensors``.
    model : nn.Module
        Built by `build_model`.
    card : dict
        JSON-ready; must hold ``network`` (the definition), ``inputs`` and ``classes``, from which
        `load_model` rebuilds the model, and ``loss``, which attacks use unless told otherwise. Networks
        that know their tracks, and an export, need all of `Inputs.card`. Holds by convention ``recipe`` and
        ``provenance``.

    Raises
    ------
    InputError
        If the card lacks what is needed to rebuild and attack the model.
    """
    if missing := {"network", "inputs", "classes", "loss"} - card.keys():
        raise InputError(f"the card of {path} lacks {', '.join(sorted(missing))}: add it before saving")
    write_tensors(path, model.state_dict(), card)


def load_model(path: str | Path) -> tuple[nn.Module, dict]:
    """Model in evaluation mode on the CPU, and its card.

    Raises
    ------
    InputError
        If the file is missing, truncated, no model, or its weights do not fit its card.
    """
    tensors, card = read_tensors(path)
    if not {"network", "inputs", "classes"} <= card.keys():
        raise InputError(f"{path} holds tensors but no model: give a file that a training wrote")
    model = build_model(card["network"], Inputs.of_card(card), card["classes"], seed=0)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(f"the weights in {path} do not fit its own card: train the model again") from error
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise InputError(f"{path} holds weights that are not finite: train the model again")
    return model.eval(), card


def check_features(card: dict, names: Sequence[str]) -> None:
    """Refuse inputs that are not those a model was trained on.

    Parameters
    ----------
    card : dict
        Of the model; one without ``features`` is taken as it is.
    names : sequence of str
        Inputs in order.

    Raises
    ------
    InputError
        If the inputs are others, or in another order.
    """
    trained = card.get("features", list(names))
    if list(names) == trained:
        return
    if len(names) != len(trained):
        difference = f"{len(trained)} inputs, the feature table has {len(names)}"
    else:
        ours, theirs = next(pair for pair in zip(names, trained, strict=True) if pair[0] != pair[1])
        difference = f"'{theirs}' where the feature table has '{ours}'"
    raise InputError(f"the model was trained on {difference}: use the table it was trained with")
