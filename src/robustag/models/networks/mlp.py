"""The multi-layer perceptron of arXiv:2203.13890."""

from itertools import pairwise

from torch import nn

from robustag.errors import InputError
from robustag.models.dropout import ReluDropout
from robustag.models.inputs import Inputs
from robustag.options import Chance, Count

#: Linear layers and ReLUs: bounds on the outputs can be proven.
CERTIFIABLE = True


def mlp(inputs: Inputs, classes: int, *, hidden: list[Count], dropout: Chance) -> nn.Sequential:
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
    return nn.Sequential(*layers)
