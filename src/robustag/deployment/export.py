"""A trained model as one ONNX file that takes inputs in physical units."""

import json
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from robustag.checksums import BLANK, seal_file
from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.files import written_whole
from robustag.models import Inputs, in_mode
from robustag.tensors.normalisation import Normalisation

_OPSET = 17


class PhysicalModel(nn.Module):
    """A model with the cleaning and scaling of `robustag.tensors.tensorise` in front of it.

    Parameters
    ----------
    model : nn.Module
        Scaled inputs float32 [N, F] to logits [N, C].
    normalisation : Normalisation
        Of its training.
    """

    def __init__(self, model: nn.Module, normalisation: Normalisation) -> None:
        super().__init__()
        self.model = model
        for name in ("mean", "sigma", "missing"):
            self.register_buffer(name, torch.from_numpy(getattr(normalisation, name)))
        scaled = normalisation.scale(normalisation.missing)
        self.register_buffer("scaled_missing", torch.from_numpy(scaled).float())

    def forward(self, physical: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and probabilities [N, C] of inputs float32 [N, F] in physical units.

        Entries that are not finite, or not above the missing value, are missing.
        """
        # In float64 as the tensors are made, so that the network sees the same inputs bit for bit.
        exact = physical.double()
        exists = (exact > self.missing) & (exact < torch.inf)
        scaled = torch.where(exists, ((exact - self.mean) / self.sigma).float(), self.scaled_missing)
        logits = self.model(scaled)
        return logits, logits.softmax(dim=1)


def export_onnx(model: nn.Module, card: dict, path: str | Path) -> None:
    """Write a model as ONNX: input ``features`` float32 [jets, F], outputs ``logits`` and ``probabilities``.

    The metadata of the file are ``features`` (the names in order), ``classes``, and ``card`` (the model's
    own), all as JSON.

    Parameters
    ----------
    model : nn.Module
        On the CPU; exported in evaluation mode, and every part of it keeps its own.
    card : dict
        Of the model; must hold the normalisation.
    path : path
        Conventionally ``.onnx``; written whole or not at all.

    Raises
    ------
    InputError
        If the card lacks the normalisation.
    """
    normalisation = Inputs.of_card(card).normalisation
    if normalisation is None:
        raise InputError(f"the model for {path} does not know how its inputs were scaled: train it again")
    jets = {0: "jets"}
    with written_whole(path) as temporary:
        with warnings.catch_warnings(), in_mode(model, training=False):
            # The exporter that torch prefers needs one more package and ten times as long.
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", message="Constant folding")
            torch.onnx.export(
                PhysicalModel(model, normalisation).eval(),
                (torch.zeros(2, card["inputs"]),),
                temporary,
                input_names=["features"],
                output_names=["logits", "probabilities"],
                dynamic_axes={"features": jets, "logits": jets, "probabilities": jets},
                opset_version=_OPSET,
                dynamo=False,
            )
        exported = onnx.load(temporary)
        facts = {"features": card["features"], "classes": list(CLASSES), "card": card, "seal": BLANK}
        onnx.helper.set_model_props(exported, {name: json.dumps(fact) for name, fact in facts.items()})
        onnx.checker.check_model(exported)
        onnx.save(exported, temporary)
        seal_file(temporary)
