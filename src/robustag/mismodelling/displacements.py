"""How a mismodelling moves single jets: the same jet in two samples, and the way between them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.tensors.loading import JetTensors, same_jets


def matched(nominal: JetTensors, varied: JetTensors) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the jets that are in both samples, int64 [M] each, in the order of the nominal ones.

    Jets of the same collisions are found again: those of detector and record variations, except where a jet
    crosses the threshold. Another generator makes other jets, and none is found.
    """
    ours, theirs = same_jets(nominal.key, varied.key)
    return ours.numpy(), theirs.numpy()


@dataclass(frozen=True)
class Displacement:
    """The way of jets from the nominal sample into a varied one, in inputs that an attack could move.

    Attributes
    ----------
    moves : Tensor float32 [N, F] or None
        Of each nominal jet, scaled units; zero for counts, for entries that are missing before or after and
        for jets that were not found again. None if most were not, or if jets only count otherwise.
    means : Tensor float64 [R + 1, C, F]
        Mean move of each flavour: of the jets with their own weights, then in each of R bootstrap replicates.
        Without matched jets the difference of the two samples' means.
    """

    moves: Tensor | None
    means: Tensor

    def of_each_jet(self) -> Tensor:
        """`moves`, for those who cannot do without.

        Raises
        ------
        InputError
            If the jets were not found again.
        """
        if self.moves is None:
            raise InputError("most nominal jets are not in the varied sample: vary the same collisions")
        return self.moves

    @classmethod
    def between(
        cls,
        nominal: JetTensors,
        varied: JetTensors,
        frozen: Tensor,
        weights: tuple[np.ndarray, np.ndarray],
    ) -> "Displacement":
        """Displacement from `nominal` to `varied`.

        frozen: bool [F], inputs to leave out; weights: own and bootstrap weights [N, R + 1] of the jets of
        either.
        """
        ours, theirs = matched(nominal, varied)
        # Jets that only count otherwise stay where they are; what moves are the means.
        if 2 * len(ours) < len(nominal) or varied.inputs is nominal.inputs:
            means = [
                _means(jets.inputs, (~jets.missing) & ~frozen, jets.label, weight)
                for jets, weight in zip((nominal, varied), weights, strict=True)
            ]
            return cls(None, means[1] - means[0])
        there = ~(nominal.missing[ours] | varied.missing[theirs] | frozen)
        moves = torch.zeros_like(nominal.inputs)
        moves[ours] = torch.where(there, varied.inputs[theirs] - nominal.inputs[ours], 0.0)
        return cls.of(moves, nominal, weights[0])

    @classmethod
    def of(cls, moves: Tensor, jets: JetTensors, weights: np.ndarray) -> "Displacement":
        """Displacement of jets whose moves [N, F] are known."""
        return cls(moves, _means(moves, ~jets.missing, jets.label, weights))


def _means(values: Tensor, there: Tensor, label: Tensor, weights: np.ndarray) -> Tensor:
    """Means [R + 1, C, F] of the values that are there, for each flavour; zero where none is."""
    means = []
    for flavour in range(len(CLASSES)):
        rows = (label == flavour).nonzero()[:, 0]
        weight = torch.from_numpy(weights[rows.numpy()]).double().T
        exists = there[rows].double()
        total, count = weight @ (values[rows] * exists), weight @ exists
        means.append(torch.where(count > 0, total / count.clamp(min=torch.finfo(count.dtype).tiny), 0.0))
    return torch.stack(means, dim=1)
