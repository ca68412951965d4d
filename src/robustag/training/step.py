"""What one step of a training is given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from robustag.errors import InputError


class Batch(NamedTuple):
    """Jets of one step.

    Attributes
    ----------
    inputs : float32 [B, F]
    missing : bool [B, F]
    label : int64 [B]
    weight : float32 [B]
    varied : float32 [B, V, F] or None
        Inputs of the same jets in each of V variations, for a recipe that names some; those of the jet itself
        where it is not found again.
    varied_missing : bool [B, V, F] or None
        Their missing entries.
    target : float32 [B, C] or None
        Logarithms of the probabilities that teachers give the jets in the mean, for a recipe that has some.
    """

    inputs: Tensor
    missing: Tensor
    label: Tensor
    weight: Tensor
    varied: Tensor | None = None
    varied_missing: Tensor | None = None
    target: Tensor | None = None

    def each(self, function: Callable[[Tensor], Tensor]) -> "Batch":
        """The function of every tensor that is there."""
        return Batch._make(None if part is None else function(part) for part in self)


def needed(part: Tensor | None, what: str = "variations") -> Tensor:
    """What a recipe cannot do without of a batch.

    Raises
    ------
    InputError
        If the batches come without it.
    """
    if part is None:
        raise InputError(f"the recipe needs the training jets with {what}: open their files with those")
    return part


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

    def grown(self, epsilon: float, warm_up: int) -> float:
        """The size of a perturbation that grows in equal steps to `epsilon` over `warm_up` epochs."""
        return epsilon * min(1.0, (self.epoch + 1) / (warm_up + 1))


def in_one_variation(batch: Batch, moment: Moment) -> Tensor:
    """Each jet as one of the variations at random measures it, [B, F]."""
    varied = needed(batch.varied)
    which = torch.randint(varied.shape[1], (len(varied),), generator=moment.generator, device=varied.device)
    return in_one_each(varied, which)


def in_one_each(varied: Tensor, which: Tensor) -> Tensor:
    """Of `varied` [B, V, F] for each jet the one that `which` int64 [B] names, [B, F]."""
    return varied[torch.arange(len(which), device=which.device), which]


#: (model in training mode, batch, moment) -> for each update of the weights the unweighted loss of each jet
#: [B]. The loop goes backward from it, to whatever leaf tensors it hangs on, and updates the weights, before
#: it asks for the next. Steps may depend on the epoch during the first `warm_up` ones, an option of that
#: name; then all are alike, and a GPU repeats one.
Recipe = Callable[[nn.Module, Batch, Moment], Iterator[Tensor]]
