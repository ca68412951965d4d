"""What the loss of one training looks like: planes around one jet and averaged, statistics of many jets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from robustag.attacks import BudgetRule
from robustag.classes import CLASSES
from robustag.draws import Draws
from robustag.surface.directions import aligned_planes, principal_directions
from robustag.surface.landscape import Landscape
from robustag.surface.planes import (
    attack_paths,
    input_plane,
    mean_plane,
    projected_paths,
    with_physical_units,
)
from robustag.surface.settings import ScaledPair, Surface
from robustag.surface.stability import step_stability
from robustag.surface.statistics import rank_correlations, summarise_jets

if TYPE_CHECKING:
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors

ONE_JET = "jet"
"""Column `jets` of the planes of the one jet; averages have their flavour there."""

#: Columns of `jet_geometry` that are summarised, and those whose rank is compared with the distance.
SUMMARISED = [
    *("loss", "grad_l1", "grad_l2", "grad_linf", "margin_l1", "grad_ratio", "mixed_difference"),
    *("change_x", "change_y", "size_x", "size_y", "max_over_min", "second_share", "pair_share"),
    *("interaction", "curvature", "distance", "gradient_share", "step_share", "chance_share"),
]
RANKED = ["loss", "grad_l1", "margin_l1", "curvature", "interaction"]


def survey_planes(
    landscape: Landscape,
    data: "JetTensors",
    jet: int,
    many: np.ndarray,
    pairs: Sequence[ScaledPair],
    rule: BudgetRule,
    normalisation: "Normalisation",
    settings: Surface,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every plane around one jet, and the mean ones of each flavour, with the paths of attacks on them.

    Parameters
    ----------
    landscape : Landscape
    data : JetTensors
    jet : int
        Position in `data` of the one jet.
    many : int64 [n]
        Positions of the jets that are averaged, of all flavours.
    pairs : sequence of ScaledPair
        All for the one jet, the first for averages.
    rule : BudgetRule
        Says what may move, and has the spread of the training inputs.
    normalisation : Normalisation
    settings : Surface
    seed : int
        Of random directions.

    Returns
    -------
    planes, paths : DataFrame
        jets (`ONE_JET` or a flavour), and the columns of `mean_plane` and `projected_paths` with x and y of
        `with_physical_units` for the one jet, without for flavours (where they repeat delta_x and delta_y).
    """
    scan = _Scan(landscape, rule, normalisation, settings, seed)
    results = [scan.around(ONE_JET, data.select(slice(jet, jet + 1)), pairs, settings.points)]
    for flavour, name in enumerate(CLASSES):
        chosen = torch.from_numpy(many[(data.label[many] == flavour).numpy()])
        results.append(scan.around(name, data.select(chosen), pairs[:1], settings.average.points))
    planes, paths = zip(*results, strict=True)
    return pd.concat(planes, ignore_index=True), pd.concat(paths, ignore_index=True)


class _Scan:
    """What all scans of a survey share."""

    def __init__(
        self,
        landscape: Landscape,
        rule: BudgetRule,
        normalisation: "Normalisation",
        settings: Surface,
        seed: int,
    ) -> None:
        self.landscape, self.rule, self.normalisation = landscape, rule, normalisation
        self.settings, self.seed = settings, seed
        self.leading = principal_directions(rule.needed("spread"), rule, 2)

    def around(
        self, jets: str, data: "JetTensors", pairs: Sequence[ScaledPair], points: int
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The mean planes of some jets, and the paths over them."""
        data = data.to(self.landscape.device)
        inputs, label = self.landscape.place(data.inputs), data.label
        path = self.settings.path
        budget = self.rule.budget(inputs, data.missing, path.epsilon, label)
        gradient = self.landscape.gradient(inputs, label) * budget.movable
        leading = self.leading[label]
        planes = [input_plane(inputs, pair) for pair in pairs]
        draws = Draws(self.seed, data.key)
        planes += aligned_planes(gradient, budget.movable, leading, self.settings.width_aligned, draws)
        followed = attack_paths(self.landscape, label, budget, path.steps, path.rate)
        tables: tuple[list[pd.DataFrame], list[pd.DataFrame]] = ([], [])
        for plane in planes:
            surface = mean_plane(self.landscape, inputs, label, plane, points)
            route = projected_paths(self.landscape, label, plane, followed)
            for parts, table in zip(tables, (surface, route), strict=True):
                parts.append(self._placed(table, inputs, jets))
        return pd.concat(tables[0], ignore_index=True), pd.concat(tables[1], ignore_index=True)

    def _placed(self, table: pd.DataFrame, inputs: Tensor, jets: str) -> pd.DataFrame:
        table.insert(0, "jets", jets)
        if jets == ONE_JET:
            return with_physical_units(table, inputs[0].cpu().numpy(), self.normalisation)
        return table.assign(x=table["delta_x"], y=table["delta_y"])


def surface_statistics(
    landscape: Landscape,
    data: "JetTensors",
    geometry: pd.DataFrame,
    rule: BudgetRule,
    epsilons: Sequence[float],
    weights: np.ndarray,
) -> pd.DataFrame:
    """Statistics over many jets, by flavour.

    Parameters
    ----------
    landscape : Landscape
    data : JetTensors
        The jets of `geometry`, in its order.
    geometry : DataFrame
        From `jet_geometry`.
    rule : BudgetRule
    epsilons : sequence of float
        Sizes of the FGSM steps; 0 is passed over.
    weights : [N, 1 + replicates]
        Own and bootstrap weights of the jets.

    Returns
    -------
    DataFrame
        Columns of `summarise_jets` with `epsilon` (NaN where no step is involved): medians and means of the
        geometry and of `step_stability` at each epsilon, and rank correlations with the distance.
    """
    label = geometry["label"].to_numpy()
    parts = [
        summarise_jets(geometry[SUMMARISED], label, weights).assign(epsilon=np.nan),
        rank_correlations(geometry[RANKED], geometry["distance"].to_numpy(), label, weights).assign(
            epsilon=np.nan
        ),
    ]
    data = data.to(landscape.device)
    inputs = landscape.place(data.inputs)
    sizes = [epsilon for epsilon in epsilons if epsilon > 0]
    for epsilon, steps in step_stability(landscape, inputs, data.missing, data.label, rule, sizes):
        parts.append(summarise_jets(steps, label, weights).assign(epsilon=epsilon))
    return pd.concat(parts, ignore_index=True)
