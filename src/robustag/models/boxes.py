"""What a network may say of a box of inputs, by interval arithmetic, with gradients: for trainings."""

import torch
from torch import Tensor, nn

from robustag.errors import InputError
from robustag.models.dropout import shared_dropout


def parts_of(model: nn.Module) -> list[nn.Module]:
    """The modules that a sequential model applies one after the other, nested ones unfolded."""
    if isinstance(model, nn.Sequential):
        return [part for child in model for part in parts_of(child)]
    return [model]


def worst_logits(model: nn.Module, lower: Tensor, upper: Tensor, label: Tensor) -> Tensor:
    """How far each logit may pass the true one in a box of inputs, [N, C]; zero for the true one.

    Interval bound propagation (arXiv:1810.12715): a linear layer turns centre and half-width of a box into
    those of the box around its image, and whatever follows is monotone (ReLU, sorting, dropout) and works on
    both ends. The last layer gives the differences of two logits at once, which is tighter than each logit.
    The box is exact for one layer alone and too large behind several.

    Parameters
    ----------
    model : Module
        Linear layers with monotone functions between them. While it trains, both ends of a box lose the same
        activations.
    lower, upper : Tensor [N, F]
        Ends of the boxes, scaled units.
    label : Tensor int64 [N]

    Raises
    ------
    InputError
        If the model is not made of layers in a row, the last of which is linear.
    """
    *hidden, last = parts_of(model)
    if not isinstance(last, nn.Linear):
        raise InputError(
            f"no bounds for a model that ends in {type(last).__name__}: train linear layers with ReLUs "
            "between them, in float32 or tf32"
        )
    with shared_dropout(model, 2):
        for part in hidden:
            if isinstance(part, nn.Linear):
                centre, radius = (lower + upper) / 2, (upper - lower) / 2
                centre, radius = part(centre), radius @ part.weight.abs().T
                lower, upper = centre - radius, centre + radius
            else:
                lower, upper = part(torch.cat([lower, upper])).chunk(2)
    # i: logit, j: true one, both in the order of the classes; the product is no larger than a hidden layer's.
    weight = (last.weight - last.weight[:, None]).flatten(0, 1)
    bias = (last.bias - last.bias[:, None]).flatten()
    centre, radius = (lower + upper) / 2, (upper - lower) / 2
    most = torch.addmm(bias, centre, weight.T) + radius @ weight.abs().T
    classes = len(last.bias)
    return most.unflatten(1, (classes, classes)).gather(1, label[:, None, None].expand(-1, 1, classes))[:, 0]
