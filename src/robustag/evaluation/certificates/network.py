"""A model as what a certificate needs: affine layers in float64 with a ReLU between any two."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from robustag.errors import InputError
from robustag.models.dropout import Dropout


class AffineLayer(NamedTuple):
    """``z = weight h + bias``, float64 [K, H] and [K]."""

    weight: Tensor
    bias: Tensor


def affine_layers(model: nn.Module) -> list[AffineLayer]:
    """The affine layers of a model in evaluation mode, where dropout does nothing.

    Raises
    ------
    InputError
        If the model is anything but linear layers with a ReLU between any two.
    """
    parts = [part for part in _parts(model) if not isinstance(part, Dropout | nn.Dropout | nn.Identity)]
    kinds = [type(part) for part in parts]
    if kinds[::2] != [nn.Linear] * (len(kinds) // 2 + 1) or kinds[1::2] != [nn.ReLU] * (len(kinds) // 2):
        found = ", ".join(dict.fromkeys(kind.__name__ for kind in kinds)) or "nothing"
        raise InputError(
            f"no certificate for a model of {found}: use linear layers with a ReLU between any two"
        )
    return [
        AffineLayer(part.weight.detach().double(), part.bias.detach().double())
        for part in parts
        if isinstance(part, nn.Linear)
    ]


def contrasted(layers: Sequence[AffineLayer], contrast: Tensor) -> list[AffineLayer]:
    """The same network with outputs ``contrast z`` instead of its logits z; contrast is [S, K]."""
    *hidden, last = layers
    contrast = contrast.to(last.weight)
    return [*hidden, AffineLayer(contrast @ last.weight, contrast @ last.bias)]


def forward(layers: Sequence[AffineLayer], inputs: Tensor) -> Tensor:
    """Outputs float64 [N, K] for inputs [N, F]."""
    h = inputs.double()
    for position, (weight, bias) in enumerate(layers):
        h = torch.addmm(bias, h.clamp(min=0.0) if position else h, weight.T)
    return h


def _parts(model: nn.Module) -> list[nn.Module]:
    if isinstance(model, nn.Sequential):
        return [part for child in model for part in _parts(child)]
    return [model]
