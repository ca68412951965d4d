"""How steep, how flat, how curved and how correlated the loss is around many jets, jet by jet.

A network of ReLUs is piecewise linear, so its logits have no curvature almost everywhere. Two quantities
that are well defined stand for it: the Hessian of the loss, which the softmax makes curved however straight
the logits are (see `Landscape.hessian`), and differences over a finite distance, which also see the kinks
between here and there: the mixed difference at the corners of a plane here, the change of the gradient over
an FGSM step in `robustag.surface.stability`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from robustag.attacks import BudgetRule
from robustag.attacks.minimal import deepfool
from robustag.attacks.problem import PerJetLoss, Problem, logit_margin
from robustag.draws import Draws
from robustag.models import in_mode
from robustag.surface.curvature import top_curvature
from robustag.surface.directions import captured_share, principal_directions
from robustag.surface.landscape import Landscape, jets_at_a_time
from robustag.surface.planes import input_plane, loss_planes
from robustag.surface.settings import ScaledPair, Surface

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

_POINTS = 3
"""Grid points per side of each jet's plane: corners, edges and the jet itself."""


def jet_geometry(
    model: torch.nn.Module,
    loss: PerJetLoss,
    data: "JetTensors",
    jets: np.ndarray,
    pair: ScaledPair,
    rule: BudgetRule,
    settings: Surface,
) -> pd.DataFrame:
    """Gradients, curvatures and distances of each jet, one row per jet.

    Parameters
    ----------
    model, loss
        As `Landscape`.
    data : JetTensors
    jets : int64 [n]
        Positions in `data`, see `flavoured_jets`.
    pair : ScaledPair
        Spans the jet's plane.
    rule : BudgetRule
        Says what may move, and has the spread of the training inputs.
    settings : Surface
        Has the steps towards the curvature, how many directions, and how borders are sought.

    Returns
    -------
    DataFrame
        All per unit of the scaled inputs (sigma) and over entries that may move, unless it says otherwise.

        jet, label, loss.
        grad_l1, grad_l2, grad_linf: norms of d loss / d inputs; epsilon x grad_l1 is the first-order gain
        of an FGSM step. margin_l1: the same of the logit margin, which no saturated softmax hides.
        second_share: slope of the second steepest input over that of the steepest: what the best pair of
        inputs adds in first order to the best single one, NaN without any slope.
        grad_<feature>: the two components in the plane, whether or not they may move; pair_share: the sum of
        their sizes over the steepest slope of all inputs; grad_ratio: the smaller over the larger slope along
        a side of the plane, 1 on its diagonal, 0 where one input does not matter, NaN where neither does.
        mixed_difference: L(+,+) - L(+,-) - L(-,+) + L(-,-) at the corners of the plane (divide by its
        widths for a derivative); loss_range: largest minus smallest loss on a grid of 3 x 3 points over it;
        interaction: size of the former over the latter, NaN where the loss is flat; and `plane_shape`.
        curvature: largest eigenvalue of the Hessian.
        distance: L-infinity way to the border of the true flavour that DeepFool finds, in units of the
        rule's scale; 0 for a misread jet, infinite where it finds none.
        gradient_share, step_share: share of the squared length of the gradient, of its signs (the FGSM
        step), along the leading principal directions of the jet's flavour; chance_share: what a random
        direction has on average.

    Raises
    ------
    InputError
        As `input_plane`.
    """
    landscape = Landscape(model, loss)
    chosen = data.select(torch.from_numpy(jets)).to(landscape.device)
    inputs, label = landscape.place(chosen.inputs), chosen.label
    movable = rule.budget(chosen.inputs, chosen.missing, 1.0, label).movable
    gradient = landscape.gradient(inputs, label)
    steep = gradient * movable
    steepest = steep.abs().topk(2, dim=1).values
    along = gradient[:, list(pair.columns)]
    sides = along.abs() * torch.tensor(pair.widths, dtype=along.dtype, device=along.device)
    losses = loss_planes(landscape, inputs, label, input_plane(inputs, pair), _POINTS)
    corners = losses[:, -1, -1] - losses[:, -1, 0] - losses[:, 0, -1] + losses[:, 0, 0]
    reach = losses.amax(dim=(1, 2)) - losses.amin(dim=(1, 2))
    margin = landscape.of(logit_margin).gradient(inputs, label) * movable
    leading = principal_directions(rule.needed("spread"), rule, settings.principal)
    geometry = {
        "jet": torch.from_numpy(jets),
        "label": label,
        "loss": losses[:, 1, 1],
        "grad_l1": steep.abs().sum(dim=1),
        "grad_l2": steep.norm(dim=1),
        "grad_linf": steepest[:, 0],
        "second_share": steepest[:, 1] / steepest[:, 0],
        "margin_l1": margin.abs().sum(dim=1),
        f"grad_{pair.names[0]}": along[:, 0],
        f"grad_{pair.names[1]}": along[:, 1],
        "pair_share": along.abs().sum(dim=1) / steepest[:, 0],
        "grad_ratio": sides.amin(dim=1) / sides.amax(dim=1),
        "mixed_difference": corners,
        "loss_range": reach,
        "interaction": torch.where(reach > 0, corners.abs() / reach, torch.nan),
        **plane_shape(losses),
        "curvature": top_curvature(landscape, inputs, label, movable, chosen.key, settings.lanczos),
        "distance": boundary_distance(model, loss, chosen, rule, **vars(settings.boundary)),
        **_shares(steep, movable, label, leading),
    }
    return pd.DataFrame({name: column.cpu().numpy() for name, column in geometry.items()})


def plane_shape(losses: Tensor) -> dict[str, Tensor]:
    """What the corners of N loss planes [N, points, points] show, as numbers [N] without a unit.

    change_x, change_y: relative change of the loss from the low to the high side of each input, mean of both
    edges; size_x, size_y: their sizes, which jets on both sides of eta = 0 have in common; max_over_min:
    largest over smallest corner, minus 1. Infinite or NaN where losses are zero.
    """
    low_low, low_high, high_low, high_high = (losses[:, x, y] for x in (0, -1) for y in (0, -1))
    corners = torch.stack([low_low, low_high, high_low, high_high])
    change_x = (high_low / low_low + high_high / low_high) / 2 - 1
    change_y = (low_high / low_low + high_high / high_low) / 2 - 1
    return {
        "change_x": change_x,
        "change_y": change_y,
        "size_x": change_x.abs(),
        "size_y": change_y.abs(),
        "max_over_min": corners.amax(dim=0) / corners.amin(dim=0) - 1,
    }


def boundary_distance(
    model: torch.nn.Module,
    loss: PerJetLoss,
    data: "JetTensors",
    rule: BudgetRule,
    steps: int,
    overshoot: float,
) -> Tensor:
    """L-infinity way [N] to where each jet is misread, found by `robustag.attacks.minimal.deepfool`, in units
    of the rule's scale: an upper bound. 0 where it is misread already, infinite where nothing was found."""
    device = next(model.parameters()).device
    parts, size = [], jets_at_a_time(device)
    for start in range(0, len(data), size):
        part = data.select(slice(start, start + size))
        inputs, missing, label = (t.to(device) for t in (part.inputs, part.missing, part.label))
        problem = Problem(model, loss, inputs, missing, label, rule, Draws.of_rows(0, inputs))
        with in_mode(model, training=False), torch.no_grad():
            moved = deepfool(problem, steps=steps, overshoot=overshoot)(torch.inf)
            misread = logit_margin(model(moved), label) > 0
        scale = rule.scale_of(inputs)
        way = torch.where(scale > 0, (moved - inputs).abs() / scale, 0.0).amax(dim=1)
        parts.append(torch.where(misread, way, torch.inf).double())
    return torch.cat(parts)


def _shares(gradient: Tensor, movable: Tensor, label: Tensor, leading: Tensor) -> dict[str, Tensor]:
    """Shares of the principal directions [C, F, k] in gradients [N, F], in their signs, and by chance."""
    shares = {name: gradient.new_empty(len(gradient)) for name in ("gradient", "step", "chance")}
    for flavour, directions in enumerate(leading):
        rows = label == flavour
        own, free = gradient[rows], movable[rows].to(gradient.dtype)
        each = directions.square().sum(dim=1)
        shares["gradient"][rows] = captured_share(own, directions)
        shares["step"][rows] = captured_share(own.sign(), directions)
        shares["chance"][rows] = free @ each / free.sum(dim=1)
    return {f"{name}_share": share for name, share in shares.items()}
