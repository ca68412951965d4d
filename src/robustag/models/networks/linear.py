"""The floor that every network must stand above: one linear layer."""

from torch import nn

from robustag.models.inputs import Inputs

#: Bounds on the outputs can be proven.
CERTIFIABLE = True
#: There is no layer before the last whose features could be asked for.
HIDDEN = False


def linear(inputs: Inputs, classes: int) -> nn.Module:
    """Logits that are linear in the inputs: multinomial logistic regression.

    Parameters
    ----------
    inputs : Inputs
        What comes in.
    classes : int
        Number of flavours.
    """
    return nn.Linear(inputs.size, classes)
