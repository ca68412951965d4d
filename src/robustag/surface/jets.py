"""Which jets the surface is looked at: deterministic choices that depend on the data and the settings."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.campaign import predict
from robustag.evaluation.discriminators import probabilities
from robustag.tensors.loading import sample_jets

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


def reference_jet(
    model: torch.nn.Module,
    data: "JetTensors",
    flavour: str,
    probability: float,
    pt: float,
    eta: float,
    columns: tuple[int, ...],
) -> int:
    """The jet of a true flavour that is most like a wanted one.

    Distances in P(flavour), pT and eta count in units of their standard deviation over the jets in question.

    Parameters
    ----------
    model : Module
        Returns logits.
    data : JetTensors
    flavour : str
        "b", "c" or "light".
    probability : float
        Wanted P(flavour) in [0, 1].
    pt, eta : float
        Wanted pT (GeV) and pseudorapidity.
    columns : tuple of int
        Inputs the jet must have (not missing).

    Returns
    -------
    int
        Position in `data`, the first one if several are as close.

    Raises
    ------
    InputError
        If no jet of the flavour has all these inputs, or the flavour is unknown.
    """
    if flavour not in CLASSES:
        raise InputError(f"unknown flavour '{flavour}': use one of {', '.join(CLASSES)}")
    number = CLASSES.index(flavour)
    jets = _candidates(data, number, columns)
    score = probabilities(predict(model, data.inputs[torch.from_numpy(jets)]))[:, number]
    properties = np.stack([score, data.pt[jets].numpy(), data.eta[jets].numpy()], axis=1).astype(float)
    spread = properties.std(axis=0)
    away = (properties - [probability, pt, eta]) / np.where(spread > 0, spread, 1.0)
    return int(jets[np.argmin(np.square(away).sum(axis=1))])


def flavoured_jets(data: "JetTensors", number: int, columns: tuple[int, ...]) -> np.ndarray:
    """Positions int64 of up to `number` jets of each flavour that have the inputs `columns`, sorted.

    The choice follows a hash of the events and no model, so models are compared on the same jets, and fewer
    jets are part of more.

    Raises
    ------
    InputError
        If a flavour has no such jet.
    """
    chosen = []
    for flavour in range(len(CLASSES)):
        jets = _candidates(data, flavour, columns)
        chosen.append(jets[sample_jets(data.event[torch.from_numpy(jets)], number).numpy()])
    return np.sort(np.concatenate(chosen))


def _candidates(data: "JetTensors", flavour: int, columns: tuple[int, ...]) -> np.ndarray:
    exists = ~data.missing[:, list(columns)].any(dim=1)
    jets = torch.nonzero((data.label == flavour) & exists)[:, 0].cpu().numpy()
    if jets.size == 0:
        raise InputError(
            f"no {CLASSES[flavour]} jet has all inputs {columns}: choose other inputs or add events"
        )
    return jets
