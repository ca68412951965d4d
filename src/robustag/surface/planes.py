"""Loss planes: jets moved in two directions over a grid, and the paths that attacks take over it.

This is the input-space surface of arXiv:2303.14511, where the two directions are two inputs of one jet. They
are moved in place, so the other columns keep their order whichever pair is scanned.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from robustag.attacks import Budget
from robustag.errors import InputError
from robustag.surface.directions import Plane
from robustag.surface.landscape import Landscape, jets_at_a_time
from robustag.surface.settings import ScaledPair

if TYPE_CHECKING:
    from robustag.tensors import Normalisation


def input_plane(inputs: Tensor, pair: ScaledPair) -> Plane:
    """The plane of two inputs, for jets `inputs` [N, F].

    Raises
    ------
    InputError
        If both inputs are the same.
    """
    x, y = pair.columns
    if x == y:
        raise InputError(f"a loss plane needs two different inputs, got '{pair.names[0]}' twice")
    unit = torch.eye(inputs.shape[1], dtype=torch.float64, device=inputs.device)
    along = (unit[x].expand(inputs.shape), unit[y].expand(inputs.shape))
    return Plane("inputs", pair.names, along, pair.widths)


def loss_planes(landscape: Landscape, inputs: Tensor, label: Tensor, plane: Plane, points: int) -> Tensor:
    """Loss float64 [N, points, points] around each of N jets; axis 1 is the first direction of the plane.

    Parameters
    ----------
    landscape : Landscape
    inputs : float64 [N, F]
        Placed inputs of the jets at the centres.
    label : int64 [N]
    plane : Plane
        Directions of these jets.
    points : int
        Grid points along each axis; an odd number puts one on the jet itself.

    Raises
    ------
    InputError
        If there are fewer than two points.
    """
    if points < 2:
        raise InputError(f"a loss plane needs at least 2 points per side, got {points}")
    across, up = (
        torch.linspace(-width / 2, width / 2, points, dtype=torch.float64, device=inputs.device)
        for width in plane.widths
    )
    first, second = plane.along
    cells = points * points
    parts = []
    each = torch.arange(len(inputs) * cells, device=inputs.device)
    for cell in each.split(jets_at_a_time(inputs.device)):
        jet, place = cell // cells, cell % cells
        x = inputs[jet]
        x.addcmul_(across[place // points, None], first[jet])
        x.addcmul_(up[place % points, None], second[jet])
        parts.append(landscape.value(x, label.to(x.device)[jet]))
    return torch.cat(parts).reshape(len(inputs), points, points)


def mean_plane(
    landscape: Landscape, inputs: Tensor, label: Tensor, plane: Plane, points: int
) -> pd.DataFrame:
    """The loss planes of N jets averaged, one row per grid point; of one jet for N = 1.

    Columns: kind, feature_x, feature_y (names of the directions); delta_x, delta_y (distance from the jet,
    sigma); loss.

    Raises
    ------
    InputError
        As `loss_planes`.
    """
    losses = loss_planes(landscape, inputs, label, plane, points).mean(dim=0)
    offsets = (np.linspace(-width / 2, width / 2, points) for width in plane.widths)
    grid = np.meshgrid(*offsets, indexing="ij")
    return _named(
        plane, {"delta_x": grid[0].ravel(), "delta_y": grid[1].ravel(), "loss": losses.ravel().cpu().numpy()}
    )


def attack_paths(
    landscape: Landscape, label: Tensor, budget: Budget, steps: int, rate: float
) -> dict[str, list[Tensor]]:
    """Points [N, F] that FGSM and PGD pass, from the jets of the budget on, by the attack's name.

    Parameters
    ----------
    budget : Budget
        Of placed inputs.
    steps, rate
        Of PGD, as `robustag.attacks.iterated.pgd`.
    """
    x = budget.origin
    gradient = landscape.gradient(x, label)
    paths = {"fgsm": [x, budget.extreme(gradient)], "pgd": [x]}
    for _ in range(steps):
        x = budget.step(x, gradient, rate / steps)
        paths["pgd"].append(x)
        gradient = landscape.gradient(x, label)
    return paths


def projected_paths(
    landscape: Landscape, label: Tensor, plane: Plane, paths: dict[str, list[Tensor]]
) -> pd.DataFrame:
    """The paths of attacks seen on a plane, averaged over its jets.

    Columns: kind, feature_x, feature_y, as `mean_plane`; attack; step; delta_x, delta_y: the move along the
    two directions; loss: where the attack really is, which is not on the plane.
    """
    parts = []
    for attack, points in paths.items():
        moves = torch.stack([point - points[0] for point in points])
        x, y = (torch.einsum("snf,nf->sn", moves, along).mean(dim=1).cpu() for along in plane.along)
        losses = [float(landscape.value(point, label).mean()) for point in points]
        parts.append(
            _named(
                plane,
                {"attack": attack, "step": range(len(points)), "delta_x": x, "delta_y": y, "loss": losses},
            )
        )
    return pd.concat(parts, ignore_index=True)


def with_physical_units(
    table: pd.DataFrame, centre: np.ndarray, normalisation: "Normalisation"
) -> pd.DataFrame:
    """A table with delta_x and delta_y of a jet's plane, and x and y beside them: physical units where the
    direction is an input, else as the deltas.

    Parameters
    ----------
    table : DataFrame
        Of one plane.
    centre : float [F]
        Scaled inputs of the jet.
    normalisation : Normalisation
    """
    table = table.copy()
    for axis in "xy":
        name, delta = table[f"feature_{axis}"].iloc[0], table[f"delta_{axis}"]
        if name in normalisation.names:
            column = normalisation.names.index(name)
            scaled = centre[column] + delta
            table[axis] = scaled * normalisation.sigma[column] + normalisation.mean[column]
        else:
            table[axis] = delta
    return table


def _named(plane: Plane, columns: dict) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    for position, name in enumerate(("kind", "feature_x", "feature_y")):
        table.insert(position, name, (plane.kind, *plane.names)[position])
    return table
