"""By how much the true logit of a jet leads each other one, at least and at most, in a box of inputs."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from robustag.evaluation.certificates.bounds import Bounds, Effort, crown_bounds
from robustag.evaluation.certificates.network import AffineLayer, contrasted
from robustag.evaluation.discriminators import Discriminator

#: Beyond these steps bounds gain less than a thousandth in AUC (docs/numbers.md).
EFFORT = Effort(hidden=4, output=4)

Method = Callable[[Sequence[AffineLayer], Bounds], Bounds]


def proven_bounds(layers: Sequence[AffineLayer], box: Bounds) -> Bounds:
    """The tightest bounds that are made here: alpha-CROWN with as many steps as pay."""
    return crown_bounds(layers, box, EFFORT)


def leads_of(layers: Sequence[AffineLayer], box: Bounds, label: Tensor, method: Method) -> Bounds:
    """Bounds of the true logit minus each other one, [N, C]; zero for the true one itself.

    Parameters
    ----------
    layers : sequence of AffineLayer
        Of a network with C logits.
    box : Bounds
        Inputs of each jet, [N, F].
    label : Tensor int64 [N]
        True classes.
    method : callable
        Bounds the outputs of layers over a box. It is asked for one class of jets at a time, so that it
        works on the differences of logits that matter for them and no others.
    """
    classes = len(layers[-1].bias)
    lower, upper = (box.lower.new_zeros(len(label), classes) for _ in range(2))
    for true in range(classes):
        jets = (label == true).nonzero()[:, 0]
        others = [each for each in range(classes) if each != true]
        eye = torch.eye(classes, dtype=box.lower.dtype, device=box.lower.device)
        found = method(contrasted(layers, eye[true] - eye[others]), Bounds(box.lower[jets], box.upper[jets]))
        at = jets[:, None], torch.tensor(others, device=jets.device)
        lower[at], upper[at] = found.lower, found.upper
    return Bounds(lower, upper)


def log_odds_of(leads: Bounds, label: Tensor, discriminator: Discriminator) -> tuple[Tensor, Tensor]:
    """Lowest and highest log-odds of signal and background jets, [N] each, from `leads_of`.

    Those of jets of other flavours say nothing.
    """
    signal, background = discriminator.signal, discriminator.background
    ours = label == signal
    lowest = torch.where(ours, leads.lower[:, background], -leads.upper[:, signal])
    highest = torch.where(ours, leads.upper[:, background], -leads.lower[:, signal])
    return lowest, highest
