"""A model as what a certificate needs: affine layers in float64 with a ReLU or sorting between any two."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from robustag.errors import InputError
from robustag.models.boxes import parts_of
from robustag.models.networks.lipschitz import PairSort


class AffineLayer(NamedTuple):
    """``z = weight h + bias``, float64 [K, H] and [K]; h of all layers but the first is rectified before.

    A last layer may be another one for each jet: [N, K, H] and [N, K].
    """

    weight: Tensor
    bias: Tensor

    def applied(self, h: Tensor) -> Tensor:
        """The outputs z [N, K] of h [N, H]."""
        if self.weight.dim() == 2:
            return torch.addmm(self.bias, h, self.weight.T)
        return torch.baddbmm(self.bias[:, :, None], self.weight, h[:, :, None])[:, :, 0]

    def sizes(self) -> Self:
        """With absolute weights and biases."""
        return self._replace(weight=self.weight.abs(), bias=self.bias.abs())

    def activated(self, before: Tensor) -> Tensor:
        """The h [N, H] of outputs [N, H] of the layer before; so, too, for both ends of an interval."""
        return before.clamp(min=0.0)

    def largest(self, size: Tensor) -> Tensor:
        """How large any h can be, [N, H], from how large outputs of the layer before are."""
        return size


class SortingLayer(AffineLayer):
    """The same behind neighbours in ascending order, instead of a ReLU."""

    def activated(self, before: Tensor) -> Tensor:
        """As for `AffineLayer`."""
        sorted_: Tensor = PairSort()(before)
        return sorted_

    def largest(self, size: Tensor) -> Tensor:
        """As for `AffineLayer`."""
        return size.unflatten(1, (-1, 2)).amax(dim=2).repeat_interleave(2, dim=1)


def affine_layers(model: nn.Module) -> list[AffineLayer]:
    """The affine layers of a model in evaluation mode, where dropout does nothing.

    Raises
    ------
    InputError
        If the model is anything but linear layers with a ReLU, or sorting in pairs, between any two.
    """
    parts = [part for part in parts_of(model) if not isinstance(part, nn.Dropout | nn.Identity)]
    linear, between = parts[::2], parts[1::2]
    sorts = bool(between) and isinstance(between[0], PairSort)
    whole = len(linear) == len(between) + 1 and all(isinstance(part, nn.Linear) for part in linear)
    if not whole or not all(isinstance(part, PairSort if sorts else nn.ReLU) for part in between):
        found = ", ".join(dict.fromkeys(type(part).__name__ for part in parts)) or "nothing"
        raise InputError(
            f"no certificate for a model of {found}: use linear layers with a ReLU between any two"
        )
    kind = SortingLayer if sorts else AffineLayer
    return [
        kind(part.weight.detach().double(), part.bias.detach().double())
        for part in parts
        if isinstance(part, nn.Linear)
    ]


def contrasted(layers: Sequence[AffineLayer], contrast: Tensor) -> list[AffineLayer]:
    """The same network with outputs ``contrast z`` instead of its logits z.

    contrast: [S, K], or of each jet [N, S, K].
    """
    *hidden, last = layers
    contrast = contrast.to(last.weight)
    return [*hidden, type(last)(contrast @ last.weight, contrast @ last.bias)]


def forward(layers: Sequence[AffineLayer], inputs: Tensor) -> Tensor:
    """Outputs float64 [N, K] for inputs [N, F]."""
    h = inputs.double()
    for position, layer in enumerate(layers):
        h = layer.applied(layer.activated(h) if position else h)
    return h
