"""AUC of a training's weights at chosen epochs: how performance and vulnerability grow together."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import torch

from robustag.evaluation.bootstrap import replicas
from robustag.evaluation.campaign import predict
from robustag.evaluation.discriminators import check_rankable, outputs
from robustag.evaluation.roc import area

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


class Shown(NamedTuple):
    """Inputs [N, F] that a model is shown, the perturbation that made them, and on whom it was crafted.

    `source` is ``none``, ``self`` (the model's own weights) or ``reference`` (a finished model, whose name
    `crafted_on` has; it is empty for the others).
    """

    source: str
    crafted_on: str
    perturbation: str
    epsilon: float
    inputs: torch.Tensor


def measure_epoch(
    model: torch.nn.Module,
    epoch: int,
    shown: Iterable[Shown],
    jets: "JetTensors",
    *,
    bootstrap: int,
    seed: int,
) -> pd.DataFrame:
    """AUC of every discriminator on every sample shown to a model.

    Parameters
    ----------
    model : Module
        As it was after `epoch`.
    jets : JetTensors
        The jets, unperturbed.
    bootstrap, seed : int
        Number of replicates, and the seed of their weights.

    Returns
    -------
    DataFrame
        Columns epoch, source, crafted_on, perturbation, epsilon, discriminator, value, low, high, replicates.
    """
    label = jets.label.numpy()
    weights = replicas(jets.event.numpy(), jets.event_weight.numpy(), bootstrap, seed)
    rows = []
    for source, crafted_on, perturbation, epsilon, inputs in shown:
        logits = predict(model, inputs)
        check_rankable(logits, label, jets.event_weight.numpy())
        front = {"epoch": epoch, "source": source, "crafted_on": crafted_on}
        front |= {"perturbation": perturbation, "epsilon": epsilon}
        for name, score, signal, background in outputs(logits, label):
            auc = area(score, signal, background, weights)._asdict()
            auc["replicates"] = auc["replicates"].astype(np.float32)
            rows.append({**front, "discriminator": name, **auc})
    return pd.DataFrame(rows)
