"""What a study is made of: its prepared sample, counted and checked, and its models as their cards say."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from robustag.binomial import effective_number
from robustag.classes import CLASSES
from robustag.evaluation import SAMPLE
from robustag.models.store import read_tensors
from robustag.tensors.loading import JetShards
from robustag.tensors.split import SPLITS
from robustag.tensors.summary import kinematic_bins
from robustag.tensors.weights import WeightMap

_BLOCK = 65_536


def inventory(
    tensors: Sequence[str | Path],
    weights: WeightMap,
    names: Sequence[str],
    models: Sequence[tuple[str | Path, str, int]],
) -> pd.DataFrame:
    """Everything about sample and models, as rows of model, seed, quantity, name and value.

    Parameters
    ----------
    tensors
        Files of the nominal sample.
    weights
        Its bins in pT and eta.
    names
        Inputs in their order.
    models
        Files of trained models, each with its model's name and its seed.

    Returns
    -------
    DataFrame
        Of the sample: ``jets`` (name: split and flavour), ``events``; of training jets ``mean`` and ``width``
        of each scaled input where it exists, ``weighted`` (sum of kinematic weights of a flavour) and
        ``spectrum_distance`` (largest total variation distance of a flavour's spectrum in pT and eta from
        the mean of the three, with kinematic weights and without). Where jets do not count one each, these
        use the weights of their events, of which ``event_weights`` tells (negative: share of jets with such
        ones; sum: of all, over the sum of their sizes; effective: `robustag.binomial.effective_number`). Of a
        model what is in its card; words stand in name.
    """
    rows = [(SAMPLE, 0, *row) for row in _sample(tensors, weights, names)]
    for path, model, seed in models:
        rows += [(model, seed, *row) for row in _model(path)]
    table = pd.DataFrame(rows, columns=["model", "seed", "quantity", "name", "value"])
    return table.astype({"value": float})


def _sample(
    tensors: Sequence[str | Path], weights: WeightMap, names: Sequence[str]
) -> Iterator[tuple[str, str, float]]:
    events, counted = 0, []
    for split in SPLITS:
        columns = JetShards(tensors, split)
        few = columns.read(torch.arange(len(columns)), ["label", "event", "event_weight"])
        counted.append(few["event_weight"].double())
        events += len(few["event"].unique())
        for flavour, number in enumerate(torch.bincount(few["label"], minlength=len(CLASSES)).tolist()):
            yield "jets", f"{split} {CLASSES[flavour]}", number
    yield "events", "", events
    yield from _event_weights(torch.cat(counted))
    train = JetShards(tensors, SPLITS[0])
    sums = torch.zeros(3, len(names), dtype=torch.float64)
    spectra = np.zeros((2, *weights.jets.shape))
    for rows in torch.arange(len(train)).split(_BLOCK):
        part = train.read(rows)
        there, weight = ~part["missing"], part["event_weight"].double()
        values = torch.where(there, part["inputs"], 0.0).double()
        powers = there.double(), values, values.square()
        sums += torch.stack([(weight[:, None] * each).sum(0) for each in powers])
        edges = weights.pt_edges, weights.eta_edges
        bins = kinematic_bins(part["pt"].numpy(), part["eta"].numpy(), *edges)
        cell = (part["label"].numpy(), *bins)
        np.add.at(spectra[0], cell, part["weight"].numpy() * weight.numpy())
        np.add.at(spectra[1], cell, weight.numpy())
    mean = sums[1] / sums[0]
    width = (sums[2] / sums[0] - mean.square()).clamp(min=0.0).sqrt()
    for quantity, column in (("mean", mean), ("width", width)):
        yield from ((quantity, name, value) for name, value in zip(names, column.tolist(), strict=True))
    yield from (("weighted", *pair) for pair in zip(CLASSES, spectra[0].sum(axis=(1, 2)), strict=True))
    for name, spectrum in zip(("weighted", "unweighted"), spectra, strict=True):
        yield "spectrum_distance", name, _distance(spectrum)


def _event_weights(weight: torch.Tensor) -> Iterator[tuple[str, str, float]]:
    """What there is to know of weights [N]; nothing if all are one."""
    if not (weight == 1).all():
        yield "event_weights", "negative", float((weight < 0).double().mean())
        yield "event_weights", "sum", float(weight.sum() / weight.abs().sum())
        yield "event_weights", "effective", effective_number(weight.numpy(), len(weight))


def _distance(spectra: np.ndarray) -> float:
    """Largest total variation distance of normalised spectra [C, ...] from their mean."""
    shapes = spectra.reshape(len(spectra), -1)
    shapes = shapes / shapes.sum(axis=1, keepdims=True)
    return float((np.abs(shapes - shapes.mean(axis=0)).sum(axis=1) / 2).max())


def _model(path: str | Path) -> Iterator[tuple[str, str, float]]:
    weights, card = read_tensors(path)
    network, nan = card["network"], float("nan")
    yield "parameters", "", sum(tensor.numel() for tensor in weights.values())
    yield "inputs", "", card["inputs"]
    yield "network", network["name"], nan
    if "hidden" in network:
        yield "hidden_layers", "", len(network["hidden"])
        yield "narrowest", "", min(network["hidden"], default=0)
        yield "widest", "", max(network["hidden"], default=0)
    yield "dropout", "", network.get("dropout", 0.0)
    yield "loss", card["loss"]["name"], nan
    yield "gamma", "", card["loss"].get("gamma", 0.0)
    yield "optimiser", card["optimiser"]["name"], nan
    for name in ("learning_rate", "batch_size", "epochs"):
        yield name, "", card["optimiser"][name]
    yield "recipe", card["recipe"]["name"], card["recipe"].get("epsilon", 0.0)
