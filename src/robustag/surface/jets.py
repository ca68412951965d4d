"""Which jets the surface is looked at: deterministic choices that depend on the data and the settings."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.campaign import predict
from robustag.evaluation.discriminators import probabilities

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


def confident_jet(
    model: torch.nn.Module,
    data: "JetTensors",
    flavour: str,
    probability: float,
    columns: tuple[int, int],
) -> int:
    """The jet of a true flavour whose probability for that flavour is closest to `probability`.

    Parameters
    ----------
    model : Module
        Returns logits.
    data : JetTensors
    flavour : str
        "b", "c" or "light".
    probability : float
        Wanted P(flavour) in [0, 1].
    columns : (int, int)
        Inputs the jet must have (not missing).

    Returns
    -------
    int
        Position in `data`, the first one if several are as close.

    Raises
    ------
    InputError
        If no jet of the flavour has both inputs, or the flavour is unknown.
    """
    if flavour not in CLASSES:
        raise InputError(f"unknown flavour '{flavour}': use one of {', '.join(CLASSES)}")
    number = CLASSES.index(flavour)
    jets = _candidates(data, number, columns)
    if jets.size == 0:
        raise InputError(f"no {flavour} jet has both inputs {columns}: choose other inputs or add events")
    score = probabilities(predict(model, data.inputs[torch.from_numpy(jets)]))[:, number]
    return int(jets[np.argmin(np.abs(score - probability))])


def balanced_jets(data: "JetTensors", number: int, seed: int, columns: tuple[int, int]) -> np.ndarray:
    """Positions int64 of `number` jets, one third of each flavour, drawn without replacement and sorted.

    The draw depends on the data and the seed, not on a model, so models are compared on the same jets. A
    flavour with too few jets that have both inputs `columns` gives all it has.

    Raises
    ------
    InputError
        If a flavour has no such jet.
    """
    generator = np.random.default_rng(seed)
    chosen = []
    for flavour, name in enumerate(CLASSES):
        jets = _candidates(data, flavour, columns)
        if jets.size == 0:
            raise InputError(f"no {name} jet has both inputs {columns}: choose other inputs or add events")
        share = number // len(CLASSES) + (flavour < number % len(CLASSES))
        chosen.append(generator.permutation(jets)[:share])
    return np.sort(np.concatenate(chosen))


def _candidates(data: "JetTensors", flavour: int, columns: tuple[int, int]) -> np.ndarray:
    exists = ~data.missing[:, list(columns)].any(dim=1)
    return torch.nonzero((data.label == flavour) & exists)[:, 0].cpu().numpy()
