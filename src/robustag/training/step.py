"""What one step of a training is given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Batch(NamedTuple):
    """Jets of one step: inputs float32 [B, F], missing bool [B, F], label int64 [B], weight float32 [B]."""

    inputs: Tensor
    missing: Tensor
    label: Tensor
    weight: Tensor


@dataclass
class Moment:
    """Where in its training a recipe stands.

    Attributes
    ----------
    epoch : int
        From 0.
    generator : torch.Generator
        Source of the recipe's randomness, on the device of the jets.
    state : dict of str to Tensor
        What a recipe carries from batch to batch and from epoch to epoch; checkpoints keep it.
    """

    epoch: int
    generator: torch.Generator
    state: dict[str, Tensor] = field(default_factory=dict)


#: (model in training mode, batch, moment) -> for each update of the weights the unweighted loss of each jet
#: [B]. The loop goes backward from it, to whatever leaf tensors it hangs on, and updates the weights, before
#: it asks for the next. Steps may depend on the epoch during the first `warm_up` ones, an option of that
#: name; then all are alike, and a GPU repeats one.
Recipe = Callable[[nn.Module, Batch, Moment], Iterator[Tensor]]
