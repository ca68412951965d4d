"""Which jets the surface is looked at: choices by truth and inputs, the same for every model and training.

A plane of two inputs shows a loss that some jet could have only where it stays inside the sample: between
the smallest and the largest value that each of its inputs takes there. A threshold in pT, the acceptance in
eta and the lightest vertex of two pions are such ends.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.surface.settings import ScaledPair
from robustag.tensors.loading import sample_jets

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


def reference_jet(
    data: "JetTensors", flavour: str, pt: float, eta: float, planes: Sequence[ScaledPair]
) -> int:
    """The jet of a true flavour that is most like a wanted one.

    Distances in pT and eta count in units of their standard deviation over the jets in question. No model has
    a say, so that the jet is the same for all models and trainings of a study.

    Parameters
    ----------
    data : JetTensors
    flavour : str
        "b", "c" or "light".
    pt, eta : float
        Wanted pT (GeV) and pseudorapidity.
    planes : sequence of ScaledPair
        Planes around the jet that must stay inside the sample.

    Returns
    -------
    int
        Position in `data`, that of the lowest event key if several jets are as close.

    Raises
    ------
    InputError
        If no jet of the flavour has such planes, or the flavour is unknown.
    """
    if flavour not in CLASSES:
        raise InputError(f"unknown flavour '{flavour}': use one of {', '.join(CLASSES)}")
    jets = _candidates(data, CLASSES.index(flavour), planes)
    properties = np.stack([data.pt[jets].numpy(), data.eta[jets].numpy()], axis=1).astype(float)
    spread = properties.std(axis=0)
    away = np.square((properties - [pt, eta]) / np.where(spread > 0, spread, 1.0)).sum(axis=1)
    return int(jets[np.lexsort((data.event[jets].numpy(), away))[0]])


def flavoured_jets(data: "JetTensors", number: int, planes: Sequence[ScaledPair]) -> np.ndarray:
    """Positions int64 of up to `number` jets of each flavour, sorted, whose `planes` stay inside the sample.

    The choice follows a hash of the events and no model, so models are compared on the same jets, and fewer
    jets are part of more.

    Raises
    ------
    InputError
        If a flavour has no such jet.
    """
    chosen = []
    for flavour in range(len(CLASSES)):
        jets = _candidates(data, flavour, planes)
        chosen.append(jets[sample_jets(data.event[torch.from_numpy(jets)], number).numpy()])
    return np.sort(np.concatenate(chosen))


def _candidates(data: "JetTensors", flavour: int, planes: Sequence[ScaledPair]) -> np.ndarray:
    chosen = data.label == flavour
    for plane in planes:
        for column, width in zip(plane.columns, plane.widths, strict=True):
            chosen = chosen & _inside(data, column, width)
    jets = torch.nonzero(chosen)[:, 0].cpu().numpy()
    if jets.size == 0:
        names = ", ".join(dict.fromkeys(name for plane in planes for name in plane.names))
        raise InputError(
            f"no {CLASSES[flavour]} jet whose planes of surface.pairs ({names}) stay inside the sample: "
            "choose other inputs or narrower planes, or add events"
        )
    return jets


def _inside(data: "JetTensors", column: int, width: float) -> torch.Tensor:
    """Jets [N] that have the input, and an interval around it between the ends of the sample."""
    values, there = data.inputs[:, column], ~data.missing[:, column]
    known = values[there]
    if not len(known):
        return there
    return there & (values - width / 2 >= known.min()) & (values + width / 2 <= known.max())
