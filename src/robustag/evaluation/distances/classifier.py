"""Two samples told apart by a network: what a comparison of all inputs at once would have seen."""

from typing import NamedTuple

import numpy as np
import torch
import torch._dynamo  # which the first optimiser imports: forked jobs share it so
from torch.nn import functional

from robustag.errors import InputError
from robustag.evaluation.bootstrap import replicas
from robustag.evaluation.campaign import predict
from robustag.evaluation.roc import area
from robustag.models import build_model
from robustag.tensors.split import mixed

_NETWORK = {"name": "mlp", "hidden": [64, 64], "dropout": 0.0}
_EPOCHS, _BATCH, _RATE = 10, 256, 0.002
_LEVELS = 256


class Sample(NamedTuple):
    """Jets: inputs float [N, F], missing ones at their stand-in, event int64 [N], weight float [N]."""

    inputs: np.ndarray
    event: np.ndarray
    weight: np.ndarray


def classifier_auc(
    clean: Sample,
    changed: Sample,
    seed: int,
    replicates: int = 100,
    tested: int = 1,
) -> tuple[float, float, float]:
    """AUC of a network trained to tell changed jets from clean ones, with its 68 % interval.

    It is trained on half of the events and tested on the other half, so that the copies of one jet are always
    on the same side; identical samples give 0.5. The error (a bootstrap over events) is that of the test
    half; another half to train on would give another network. Inputs enter as ranks among the training jets
    of both samples: a shift small beside sigma can be large beside a distribution's core, or beyond its end.

    Parameters
    ----------
    clean, changed : Sample
    seed : int
        Of the network, its batches and the bootstrap.
    replicates : int
        Of the bootstrap.
    tested : int
        Which half of the events is tested, 0 or 1.

    Returns
    -------
    value, low, high

    Raises
    ------
    InputError
        If a half has no jet of a sample.
    """
    inputs, event, weight = (np.concatenate(columns) for columns in zip(clean, changed, strict=True))
    label = np.repeat([0, 1], [len(clean.event), len(changed.event)])
    train = mixed(event) % 2 != tested
    if min(np.bincount(label[half], minlength=2).min() for half in (train, ~train)) == 0:
        raise InputError("too few events to train and test a classifier of two samples: use more jets")
    ranks = torch.from_numpy(_ranks(inputs, train))
    known = torch.from_numpy(label[train]), torch.from_numpy(weight[train])
    model = _trained(ranks[train], *known, seed)
    logits, truth = predict(model, ranks[~train]), label[~train]
    score = logits[:, 1] - logits[:, 0]
    weights = replicas(event[~train], weight[~train], replicates, seed)
    clean_jets, changed_jets = (np.flatnonzero(truth == side) for side in (0, 1))
    value, low, high, _ = area(score, changed_jets, clean_jets, weights)
    return value, low, high


def _ranks(inputs: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Inputs as their rank among the training jets, float32 in [-1, 1]."""
    grid = np.quantile(inputs[train], np.linspace(0.0, 1.0, _LEVELS), axis=0)
    level = np.linspace(-1.0, 1.0, _LEVELS)
    columns = [np.interp(column, knots, level) for column, knots in zip(inputs.T, grid.T, strict=True)]
    return np.stack(columns, axis=1).astype(np.float32)


def _trained(inputs: torch.Tensor, label: torch.Tensor, weight: torch.Tensor, seed: int) -> torch.nn.Module:
    model = build_model(_NETWORK, inputs.shape[1], 2, seed=seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=_RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _EPOCHS)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(_EPOCHS):
        for rows in torch.randperm(len(inputs), generator=generator).split(_BATCH):
            optimiser.zero_grad()
            losses = functional.cross_entropy(model(inputs[rows]), label[rows], reduction="none")
            # By the sizes of the weights, as in `robustag.training`.
            ((losses * weight[rows]).sum() / weight[rows].abs().sum()).backward()
            optimiser.step()
        schedule.step()
    return model.eval()
