"""The multi-layer perceptron of arXiv:2203.13890."""

from itertools import pairwise
from math import pi, sqrt
from typing import Literal

from torch import nn

from robustag.errors import InputError
from robustag.models.dropout import ReluDropout
from robustag.models.inputs import Inputs
from robustag.options import Chance, Count

#: Linear layers and ReLUs: bounds on the outputs can be proven.
CERTIFIABLE = True


def mlp(
    inputs: Inputs,
    classes: int,
    *,
    hidden: list[Count],
    dropout: Chance,
    initial: Literal["uniform", "interval"] = "uniform",
) -> nn.Sequential:
    """Fully connected layers with ReLU, and dropout behind every hidden layer but the last.

    With 184 inputs, five hidden layers of 100, dropout 0.1 and 3 classes this is the network of
    arXiv:2203.13890 (59,203 parameters), but for its final softmax: all models here return logits.

    Parameters
    ----------
    inputs : Inputs
        What comes in; its size is the width of the first layer.
    classes : int
        Width of the last layer.
    hidden : list of int
        Width of each hidden layer.
    dropout : float
        Probability of an activation to be dropped, in [0, 1).
    initial : {"uniform", "interval"}
        Weights to begin with: torch's own, or such as leave a box of inputs, carried through the layers by
        intervals, as wide as it was (arXiv:2103.17249), for trainings on bounds.

    Raises
    ------
    InputError
        If there is no hidden layer, a width below 1 or a dropout outside [0, 1).
    """
    if not hidden or min(hidden) < 1:
        raise InputError(f"network 'mlp' has hidden layers {hidden}: give at least one width of 1 or more")
    if not 0 <= dropout < 1:
        raise InputError(f"network 'mlp' has dropout {dropout}: give a probability in [0, 1)")
    layers: list[nn.Module] = []
    widths = [inputs.size, *hidden]
    for position, (before, after) in enumerate(pairwise(widths), start=1):
        layers.append(nn.Linear(before, after))
        layers.append(ReluDropout(dropout) if position < len(hidden) else nn.ReLU())
    layers.append(nn.Linear(widths[-1], classes))
    if initial == "interval":
        for layer in layers:
            if isinstance(layer, nn.Linear):
                _keeping_widths(layer)
    return nn.Sequential(*layers)


def _keeping_widths(layer: nn.Linear) -> None:
    """Normal weights of standard deviation ``sqrt(2 pi) / n`` for n inputs, and no bias (arXiv:2103.17249).

    Sizes of n such weights add up to 2 on average, so that intervals behind the layer are twice as wide as
    those in front of it, and the next ReLU cuts away half.
    """
    nn.init.normal_(layer.weight, std=sqrt(2 * pi) / layer.in_features)
    nn.init.zeros_(layer.bias)
