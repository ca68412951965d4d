"""Directions in the space of inputs: single inputs, the gradient, principal directions of the data, chance.

Aligned directions have unit length in sigma and spare whatever no perturbation moves, jet by jet.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from robustag.attacks import BudgetRule
from robustag.draws import Draws


@dataclass(frozen=True)
class Plane:
    """Two directions in which the inputs of N jets move.

    Attributes
    ----------
    kind : str
        "inputs", or an entry of `ALIGNED`.
    names : (str, str)
        Of the directions.
    along : (float64 [N, F], float64 [N, F])
        The directions of each jet.
    widths : (float, float)
        How far the plane reaches along them: full widths in units of the directions (sigma).
    """

    kind: str
    names: tuple[str, str]
    along: tuple[Tensor, Tensor]
    widths: tuple[float, float]


#: Planes that follow the model or the data instead of two inputs, with the names of their directions.
ALIGNED = {
    "gradient_random": ("gradient", "random"),
    "gradient_principal": ("gradient", "principal 1"),
    "principal": ("principal 1", "principal 2"),
}


def principal_directions(covariance: Tensor, rule: BudgetRule, number: int) -> Tensor:
    """Leading eigenvectors float64 [C, F, number] of the covariance [C, F, F] of each flavour's inputs.

    What no perturbation moves in any jet (counts, frozen inputs) is left out. Signs are fixed: the largest
    component of each is positive.
    """
    free = ((rule.scale > 0) & ~rule.integer).double()
    vectors = (
        torch.linalg.eigh(covariance.double() * free * free[:, None])[1].flip(2)[:, :, :number]
        * free[:, None]
    )
    largest = vectors.gather(1, vectors.abs().argmax(dim=1, keepdim=True))
    return vectors * largest.sign()


def aligned_planes(
    gradient: Tensor, movable: Tensor, leading: Tensor, width: float, draws: Draws
) -> list[Plane]:
    """The planes of `ALIGNED` for N jets.

    Parameters
    ----------
    gradient : float64 [N, F]
        Of each jet's loss.
    movable : bool [N, F]
        Entries that a perturbation may move.
    leading : float64 [N, F, 2]
        The first two principal directions of each jet's flavour.
    width : float
        Full width of every plane (sigma).
    draws : Draws
        Of these jets, for the random direction; with one seed it is the same for every model.
    """
    random = draws.normal(gradient.shape[1], gradient.dtype)
    first, second = leading.unbind(dim=2)
    spanned = {
        "gradient_random": (gradient, random),
        "gradient_principal": (gradient, first),
        "principal": (first, second),
    }
    return [
        Plane(kind, ALIGNED[kind], orthonormal(one * movable, other * movable), (width, width))
        for kind, (one, other) in spanned.items()
    ]


def orthonormal(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Unit vectors [N, F] along `first`, and along the part of `second` at a right angle to it."""
    first = torch.nn.functional.normalize(first, dim=1, eps=1e-300)
    for _ in range(2):  # the second time takes away the rounding of the first
        second = second - (second * first).sum(dim=1, keepdim=True) * first
        second = torch.nn.functional.normalize(second, dim=1, eps=1e-300)
    return first, second


def captured_share(vector: Tensor, directions: Tensor) -> Tensor:
    """Share [N] of the squared length of `vector` [N, F] along orthonormal `directions` [F, k]; NaN for a
    vector of length zero."""
    return (vector @ directions).square().sum(dim=1) / vector.square().sum(dim=1)
