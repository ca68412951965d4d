"""A trained model as one ONNX file that takes inputs in physical units."""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from robustag.checksums import BLANK, seal_file
from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.features.missing import WILD
from robustag.files import written_whole
from robustag.models import Inputs, in_mode

_OPSET = 17


class PhysicalModel(nn.Module):
    """A model with the cleaning and scaling of readers and `robustag.tensors.tensorise` in front of it.

    Parameters
    ----------
    model : nn.Module
        Scaled inputs float32 [N, F] to logits [N, C].
    inputs : Inputs
        Of its training: what marks entries as missing, and how they were scaled.
    """

    mean: Tensor
    sigma: Tensor
    at_or_below: Tensor
    equal: Tensor
    largest: Tensor
    counter: Tensor
    place: Tensor
    low: Tensor
    high: Tensor
    scaled_missing: Tensor

    def __init__(self, model: nn.Module, inputs: Inputs) -> None:
        super().__init__()
        self.model = model
        table, normalisation = inputs.known("an exported model scales its inputs itself")
        rules = table.missing_rules.known(normalisation.missing)
        counted = np.flatnonzero(rules.counter >= 0)
        buffers = {
            "mean": normalisation.mean,
            "sigma": normalisation.sigma,
            "at_or_below": np.nan_to_num(rules.at_or_below, nan=-np.inf),
            "equal": rules.equal,
            "largest": np.where(rules.wild, WILD, np.finfo(float).max),
            "counter": rules.counter[counted],
            "place": rules.place[counted],
            "low": table.clip[0],
            "high": table.clip[1],
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.from_numpy(values))
        self.clipped = bool(np.isfinite(table.clip).any())
        self.counted, self.some_equal = counted.tolist(), not np.isnan(rules.equal).all()
        scaled = normalisation.scale(normalisation.missing)
        self.register_buffer("scaled_missing", torch.from_numpy(scaled).float())

    def forward(self, physical: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and probabilities [N, C] of inputs float32 [N, F] in physical units.

        Entries that are not finite are missing, and those that the rules of the feature table say.
        Values beyond its clip are set to the ends of it.
        """
        # In float64 as the tensors are made, so that the network sees the same inputs bit for bit.
        exact = physical.double()
        exists = (exact > self.at_or_below) & (exact.abs() <= self.largest)
        if self.some_equal:
            exists = exists & (exact != self.equal)
        if self.counted:
            number = torch.where(exists, exact, 0.0)[:, self.counter]
            within = torch.ones_like(exists)
            within[:, self.counted] = self.place < number
            exists = exists & within
        if self.clipped:
            exact = torch.minimum(torch.maximum(exact, self.low), self.high)
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
        Of the model; must hold the feature table and the normalisation.
    path : path
        Conventionally ``.onnx``; written whole or not at all.

    Raises
    ------
    InputError
        If the card lacks them.
    """
    inputs = Inputs.of_card(card)
    if inputs.table is None:
        raise InputError(f"the model for {path} does not know how its inputs were scaled: train it again")
    jets = {0: "jets"}
    with written_whole(path) as temporary:
        with warnings.catch_warnings(), in_mode(model, training=False):
            # The exporter that torch prefers needs one more package and ten times as long.
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", message="Constant folding")
            torch.onnx.export(
                PhysicalModel(model, inputs).eval(),
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
