"""By how much the true logit of a jet leads each other one, at least, in a box of inputs."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from robustag.evaluation.certificates.bounds import Effort, Enclosure, interval_bounds, least_outputs
from robustag.evaluation.certificates.network import AffineLayer, contrasted
from robustag.evaluation.discriminators import Discriminator

#: Beyond these steps bounds gain less than a thousandth in AUC (docs/numbers.md).
EFFORT = Effort(hidden=4, output=4)

Method = Callable[[Sequence[AffineLayer], Enclosure], Tensor]


def interval_method(layers: Sequence[AffineLayer], inside: Enclosure) -> Tensor:
    """Lower bounds [N, S] of the outputs by intervals alone."""
    return interval_bounds(layers, inside.box).lower


def proven_method(layers: Sequence[AffineLayer], inside: Enclosure) -> Tensor:
    """The tightest ones [N, S] that are made here: alpha-CROWN with as many steps as pay."""
    return least_outputs(layers, inside, EFFORT)


def least_leads(layers: Sequence[AffineLayer], inside: Enclosure, label: Tensor, method: Method) -> Tensor:
    """Lower bounds of the true logit minus each other one, [N, C]; zero for the true one itself.

    Parameters
    ----------
    layers : sequence of AffineLayer
        Of a network with C logits.
    inside : Enclosure
        Of each jet.
    label : Tensor int64 [N]
        True classes.
    method : callable
        Lower bounds [N, S] of the outputs of layers, the last of which is another one for each jet. It is
        asked for the differences of logits that matter and no others.
    """
    classes = len(layers[-1].bias)
    eye = torch.eye(classes, dtype=torch.float64, device=label.device)
    others = (1 - eye).nonzero()[:, 1].view(classes, classes - 1)[label]
    found = method(contrasted(layers, eye[label][:, None] - eye[others]), inside)
    return found.new_zeros(len(label), classes).scatter(1, others, found)


def worst_odds(leads: Tensor, label: Tensor, discriminator: Discriminator) -> Tensor:
    """Lowest log-odds of signal jets and highest of background jets, [N], from `least_leads`.

    Those of jets of other flavours say nothing.
    """
    signal, background = discriminator.signal, discriminator.background
    return torch.where(label == signal, leads[:, background], -leads[:, signal])
