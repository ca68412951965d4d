"""How steep, how flat and how correlated the loss is around many jets.

A network of ReLUs is piecewise linear, so its logits have no curvature almost everywhere and an input
Hessian at a point says nothing about the kinks around it. The mixed difference used here compares the loss at
the four corners of a plane of finite width: it is well defined, contains both the curvature of the softmax
loss and the kinks inside the plane, and vanishes if the two inputs act on the loss independently.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from robustag.attacks.problem import PerJetLoss
from robustag.surface.landscape import Landscape
from robustag.surface.planes import loss_planes

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors.loading import JetTensors


def jet_geometry(
    model: torch.nn.Module,
    loss: PerJetLoss,
    data: "JetTensors",
    jets: np.ndarray,
    features: tuple[str, str],
    table: "FeatureTable",
    width: float,
    points: int,
) -> pd.DataFrame:
    """Gradient norms and the small loss plane of each jet, one row a jet.

    Parameters
    ----------
    model, loss
        As `Landscape`.
    data : JetTensors
    jets : int64 [n]
        Positions in `data`, see `balanced_jets`.
    features : (str, str)
        Inputs that span the plane.
    table : FeatureTable
        Says which inputs are integer.
    width, points
        Of the plane, as `loss_planes`.

    Returns
    -------
    DataFrame
        jet, label, loss; grad_l1, grad_l2, grad_linf: norms of d loss / d scaled inputs over the inputs a
        perturbation may move (not integer, not missing), so that epsilon x grad_l1 is the first-order
        gain of an FGSM step; grad_<feature>: its two components in the plane; grad_ratio: the smaller of
        them over the larger in size, 1 on a diagonal, 0 where one input does not matter, NaN where
        neither does; mixed_difference: L(+,+) - L(+,-) - L(-,+) + L(-,-) at the corners of the plane
        (divide by width^2 for a derivative); loss_range: largest minus smallest loss on the plane.

    Raises
    ------
    InputError
        If an input is unknown, and as `loss_planes`.
    """
    columns = table.index(features[0]), table.index(features[1])
    landscape = Landscape(model, loss)
    chosen = data.select(torch.from_numpy(jets))
    inputs = landscape.place(chosen.inputs)
    fixed = chosen.missing | torch.from_numpy(table.integer).to(chosen.missing.device)
    gradient = landscape.gradient(inputs, chosen.label)
    steepness = gradient.masked_fill(fixed.to(gradient.device), 0.0).abs()
    along = gradient[:, list(columns)]
    size = along.abs()
    plane = loss_planes(landscape, inputs, chosen.label, columns, width, points)
    corners = plane[:, -1, -1] - plane[:, -1, 0] - plane[:, 0, -1] + plane[:, 0, 0]
    geometry = {
        "jet": torch.from_numpy(jets),
        "label": chosen.label,
        "loss": landscape.value(inputs, chosen.label),
        "grad_l1": steepness.sum(dim=1),
        "grad_l2": steepness.square().sum(dim=1).sqrt(),
        "grad_linf": steepness.amax(dim=1),
        f"grad_{features[0]}": along[:, 0],
        f"grad_{features[1]}": along[:, 1],
        "grad_ratio": size.amin(dim=1) / size.amax(dim=1),
        "mixed_difference": corners,
        "loss_range": plane.amax(dim=(1, 2)) - plane.amin(dim=(1, 2)),
    }
    return pd.DataFrame({name: column.cpu().numpy() for name, column in geometry.items()})
