"""A network whose logits cannot move faster than its inputs, times a constant: robust by construction."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from robustag.errors import InputError
from robustag.models.inputs import Inputs
from robustag.options import Count, Positive

#: Intervals bound the outputs by what the constant allows, or closer.
CERTIFIABLE = True


def lipschitz(inputs: Inputs, classes: int, *, hidden: list[Count], constant: Positive) -> nn.Sequential:
    """Fully connected layers of bounded weights with sorting between them.

    After arXiv:2112.00038, for moves in L-infinity and without its monotone inputs: no neuron's weights add
    up to more than 1 in size, those of a logit to `constant`, and GroupSort in pairs keeps lengths. If no
    input moves by more than epsilon, no logit does by more than ``constant epsilon``, and no difference of
    two by more than twice that.

    Parameters
    ----------
    inputs : Inputs
        What comes in.
    classes : int
        Number of flavours.
    hidden : list of int
        Width of each hidden layer; even.
    constant : float
        Largest change of a logit over the largest change of an input, scaled units.

    Raises
    ------
    InputError
        If there is no hidden layer, a width is not even or below 2, or the constant is not positive.
    """
    if not hidden or min(hidden) < 2 or any(width % 2 for width in hidden) or not constant > 0:
        raise InputError(
            f"network 'lipschitz' has hidden layers {hidden} and constant {constant}: give at least one even "
            "width of 2 or more, and a positive constant"
        )
    layers: list[nn.Module] = []
    for before, after in pairwise([inputs.size, *hidden]):
        layers += [_bounded(nn.Linear(before, after), 1.0), PairSort()]
    layers.append(_bounded(nn.Linear(hidden[-1], classes), constant))
    return nn.Sequential(*layers)


class PairSort(nn.Module):
    """GroupSort in pairs (arXiv:1811.05381): the smaller of two neighbouring activations first."""

    def forward(self, x: Tensor) -> Tensor:
        """Of activations [N, H], H even, every two neighbours in ascending order."""
        first, second = x[:, ::2], x[:, 1::2]
        return torch.stack((torch.minimum(first, second), torch.maximum(first, second)), dim=2).flatten(1)


class _SumOfSizes(nn.Module):
    """Weights whose sizes add up to no more than a limit in each row; larger rows are scaled down."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, weight: Tensor) -> Tensor:
        return weight / (weight.abs().sum(dim=1, keepdim=True) / self.limit).clamp(min=1.0)


def _bounded(layer: nn.Linear, limit: float) -> nn.Linear:
    """The layer, whose `weight` is from now on the bounded one."""
    with torch.no_grad():
        layer.weight *= limit / layer.weight.abs().sum(dim=1, keepdim=True)
    parametrize.register_parametrization(layer, "weight", _SumOfSizes(limit))
    return layer
