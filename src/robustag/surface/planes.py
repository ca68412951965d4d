"""Loss planes: two inputs of a jet scanned on a grid around it, everything else fixed.

This is the input-space surface of arXiv:2303.14511. The two inputs are assigned in place, so the other
columns keep their order whichever pair is scanned.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from robustag.attacks.problem import PerJetLoss
from robustag.errors import InputError
from robustag.surface.landscape import Landscape, chunks

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors


def loss_planes(
    landscape: Landscape,
    inputs: torch.Tensor,
    label: torch.Tensor,
    columns: tuple[int, int],
    width: float,
    points: int,
) -> torch.Tensor:
    """Loss float64 [N, points, points] around each of N jets; axis 1 moves columns[0], axis 2 columns[1].

    Parameters
    ----------
    landscape : Landscape
    inputs : float [N, F]
        Scaled inputs of the jets at the centres.
    label : int64 [N]
    columns : (int, int)
        The two inputs to scan.
    width : float
        Full width of the square in scaled units (sigma).
    points : int
        Grid points along each axis; an odd number puts one on the jet itself.

    Raises
    ------
    InputError
        If both columns are the same, or there are fewer than two points.
    """
    if columns[0] == columns[1] or points < 2:
        raise InputError(
            f"a loss plane needs two different inputs and at least 2 points, got inputs {columns} and "
            f"{points} points"
        )
    centres = landscape.place(inputs)
    offset = torch.linspace(-width / 2, width / 2, points, dtype=torch.float64, device=centres.device)
    cells = points * points
    parts = []
    for rows in chunks(len(centres) * cells):
        cell = torch.arange(rows.start, rows.stop, device=centres.device)
        jet, place = cell // cells, cell % cells
        x = centres[jet]
        x[:, columns[0]] += offset[place // points]
        x[:, columns[1]] += offset[place % points]
        parts.append(landscape.value(x, label.to(centres.device)[jet]))
    return torch.cat(parts).reshape(len(centres), points, points)


def plane_table(
    model: torch.nn.Module,
    loss: PerJetLoss,
    data: "JetTensors",
    jet: int,
    features: tuple[str, str],
    table: "FeatureTable",
    normalisation: "Normalisation",
    width: float,
    points: int,
) -> pd.DataFrame:
    """The loss plane of one jet as a table, one row a grid point.

    Columns: feature_x, feature_y; x, y (physical units); delta_x, delta_y (distance from the jet, scaled
    units); loss; gradient_x, gradient_y (d loss / d scaled input at the jet) and step_x, step_y (their
    signs: the direction of an FGSM step in this plane, 0 where the loss is flat), the same in every row.

    Raises
    ------
    InputError
        If an input is unknown, and as `loss_planes`.
    """
    columns = table.index(features[0]), table.index(features[1])
    landscape = Landscape(model, loss)
    inputs, label = data.inputs[jet : jet + 1], data.label[jet : jet + 1]
    values = loss_planes(landscape, inputs, label, columns, width, points)[0].cpu().numpy()
    gradient = landscape.gradient(landscape.place(inputs), label)[0, list(columns)].cpu().numpy()
    offset = np.linspace(-width / 2, width / 2, points)
    delta = dict(zip("xy", np.meshgrid(offset, offset, indexing="ij"), strict=True))
    plane = {f"feature_{axis}": name for axis, name in zip("xy", features, strict=True)}
    for axis, column in zip("xy", columns, strict=True):
        centre = float(inputs[0, column])
        scaled = centre + delta[axis].ravel()
        plane[axis] = scaled * normalisation.sigma[column] + normalisation.mean[column]
        plane[f"delta_{axis}"] = delta[axis].ravel()
    plane["loss"] = values.ravel()
    for position, axis in enumerate("xy"):
        plane[f"gradient_{axis}"] = gradient[position]
        plane[f"step_{axis}"] = np.sign(gradient[position])
    return pd.DataFrame(plane)
