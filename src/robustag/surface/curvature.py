"""The largest eigenvalue of the loss's Hessian with respect to the inputs, for many jets at once."""

from collections.abc import Callable

import torch
from torch import Tensor

from robustag.draws import Draws
from robustag.surface.landscape import Landscape, jets_at_a_time

BREAKDOWN = 1e-9
"""A residual so much smaller than the matrix is rounding: the Krylov space has no further dimension."""


def top_curvature(
    landscape: Landscape, inputs: Tensor, label: Tensor, movable: Tensor, key: Tensor, steps: int
) -> Tensor:
    """Largest eigenvalue [N] of each jet's input Hessian, restricted to the entries that may move.

    Parameters
    ----------
    landscape : Landscape
    inputs : float64 [N, F]
        Placed inputs.
    label : int64 [N]
    movable : bool [N, F]
        Rows and columns of the Hessian that count.
    key : int64 [N]
        What tells the jets apart: the vectors that the search begins with follow from it.
    steps : int
        Of `lanczos`. The Hessian of a softmax loss of a ReLU network with C flavours has rank C - 1, for
        which C steps are exact; a smooth network needs more.
    """
    parts, size = [], jets_at_a_time(inputs.device)
    jets = (inputs, label, movable, key)
    for x, true, mask, own in zip(*(part.split(size) for part in jets), strict=True):
        product = _within(landscape.hessian(x, true), mask)
        start = Draws(0, own).normal(x.shape[1], x.dtype) * mask
        parts.append(lanczos(product, start, steps))
    return torch.cat(parts)


def _within(product: Callable[[Tensor], Tensor], mask: Tensor) -> Callable[[Tensor], Tensor]:
    """The same product, of the entries of the mask alone."""
    return lambda vector: product(vector) * mask


def lanczos(product: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> Tensor:
    """Largest eigenvalue [N] of N symmetric matrices that are known by their products with vectors.

    Lanczos's iteration with every new vector made orthogonal to all before. The result never exceeds the
    true eigenvalue, and is exact once `steps` exceeds the rank.

    Parameters
    ----------
    product : callable
        [N, F] to [N, F].
    start : Tensor [N, F]
        With a part along the leading eigenvector, as a random vector has.
    steps : int
        Products, at most F.
    """
    vector = _unit(start)
    basis: list[Tensor] = []
    diagonal: list[Tensor] = []
    beside: list[Tensor] = []
    scale = start.new_zeros(len(start))
    for _ in range(steps):
        basis.append(vector)
        image = product(vector)
        quotient = (image * vector).sum(dim=1)
        # Where the space is exhausted, an earlier quotient takes the place: it adds no eigenvalue beyond.
        alive = vector.square().sum(dim=1) > 0
        diagonal.append(torch.where(alive, quotient, diagonal[0] if diagonal else quotient))
        scale = torch.maximum(scale, image.norm(dim=1))
        space = torch.stack(basis, dim=1)
        for _ in range(2):  # once leaves the rounding of what it takes away
            image = image - torch.einsum("nk,nkf->nf", torch.einsum("nkf,nf->nk", space, image), space)
        length = image.norm(dim=1)
        more = length > BREAKDOWN * scale
        beside.append(torch.where(more, length, 0.0))
        vector = _unit(image) * more[:, None]
    tridiagonal = torch.diag_embed(torch.stack(diagonal, dim=1))
    off = torch.diag_embed(torch.stack(beside[:-1], dim=1), offset=1) if steps > 1 else 0.0
    tridiagonal = tridiagonal + off
    return torch.linalg.eigvalsh(tridiagonal, UPLO="U")[:, -1]


def _unit(vector: Tensor) -> Tensor:
    length = vector.norm(dim=1, keepdim=True)
    return torch.where(length > 0, vector / length, 0.0)
