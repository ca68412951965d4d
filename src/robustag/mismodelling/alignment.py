"""Do attacks point where systematic uncertainties point?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from robustag.classes import CLASSES
from robustag.draws import Draws
from robustag.intervals import corrected
from robustag.mismodelling.displacements import Displacement

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

# Eigenvalues of a jet's normalised systematics below this share of the largest are rounding.
_RANK = 1e-4

# Jets at a time, each with its own directions: more of them leave the caches of a processor.
_BLOCK = 512


def alignment(
    attack: Displacement, scenarios: Mapping[str, Displacement], label: Tensor, weights: np.ndarray
) -> pd.DataFrame:
    """Cosines between an attack's and each scenario's displacement, for each flavour.

    Parameters
    ----------
    attack : Displacement
        Of the nominal jets.
    scenarios : mapping of str to Displacement
        By scenario.
    label : Tensor int64 [N]
    weights : [N, R + 1]
        Own and bootstrap weights of the nominal jets.

    Returns
    -------
    DataFrame
        Columns scenario, flavour, ``measure`` (``mean``: cosine of the mean displacements; ``jet``: mean
        cosine of single jets, where they are matched; ``length``: root mean square length of the scenario's
        displacement of a jet, over that of the attack), value, low, high (68 % bootstrap interval).
        Noise in a mean displacement draws its cosine to zero, which the bootstrap corrects.
    """
    rows = []
    for name, scenario in scenarios.items():
        cosines = torch.cosine_similarity(attack.means, scenario.means, dim=2).numpy()
        measures = {"mean": cosines}
        if scenario.moves is not None:
            moved = (scenario.moves != 0).any(dim=1)
            single = torch.cosine_similarity(attack.of_each_jet(), scenario.moves, dim=1)
            measures["jet"] = _averages(single, moved, label, weights)
            lengths = [
                np.sqrt(_averages(way.square().sum(dim=1), torch.ones_like(moved), label, weights))
                for way in (scenario.moves, attack.of_each_jet())
            ]
            measures["length"] = lengths[0] / lengths[1]
        for measure, values in measures.items():
            ends = corrected(values[0], values[1:], axis=0)
            if measure != "length":
                ends = tuple(np.clip(end, -1.0, 1.0) for end in ends)
            for flavour, called in enumerate(CLASSES):
                rows.append((name, called, measure, *(end[flavour] for end in ends)))
    return pd.DataFrame(rows, columns=["scenario", "flavour", "measure", "value", "low", "high"])


def _averages(values: Tensor, used: Tensor, label: Tensor, weights: np.ndarray) -> np.ndarray:
    """Mean of values [N] over the jets used, for each flavour, [R + 1, C]; NaN without any."""
    weight = weights.astype(np.float64) * used.numpy()[:, None]
    flavours = np.eye(len(CLASSES))[label.numpy()]
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weight.T @ (flavours * values.double().numpy()[:, None])) / (weight.T @ flavours)


def project(moves: Tensor, directions: Tensor) -> Tensor:
    """Orthogonal projection of moves [N, F] on the span of directions [N, S, F] (or [S, F] for all jets).

    Directions count by where they point, however long they are; those of zero length do not count.
    """
    directions = directions.double().expand(len(moves), *directions.shape[-2:])
    # Lengths are taken out of the products, which are small, and not of the directions.
    products = directions @ directions.mT
    length = products.diagonal(dim1=1, dim2=2).sqrt()
    # Rows, whose batched products take a fourth of the time of those of columns.
    unit = torch.where(length > 0, 1.0 / length, 0.0)[:, None]
    along = unit * (moves.double()[:, None] @ directions.mT)
    share = unit * (along @ torch.linalg.pinv(unit.mT * products * unit, rtol=_RANK, hermitian=True))
    return (share @ directions)[:, 0].to(moves.dtype)


def spans(
    attack: Displacement, scenarios: Mapping[str, Displacement], jets: "JetTensors", seed: int
) -> dict[str, Tensor]:
    """Parts [N, F] of an attack's moves that known systematics span.

    ``flavour``: coherent shifts, the span of the mean displacements of each flavour. ``jet``: the span of the
    jet's own displacements, for matched scenarios. The others are controls with as many directions, in the
    inputs that the jet has and systematics move. ``random_flavour`` and ``random_jet``: random directions.
    ``other_jet``: what each scenario does to another jet of the flavour, which knows the sizes and signs that
    inputs have in common and not the jet. ``flipped``: the jet's own displacements, each input with a random
    sign, which knows how far they go and not where.
    """
    moves = attack.of_each_jet()
    matched = [way.moves for way in scenarios.values() if way.moves is not None]
    means = torch.stack([way.means[0] for way in scenarios.values()])
    draws = Draws(seed, jets.key)

    def random(directions: Tensor, draws: Draws) -> Tensor:
        """As many random directions [N, S, F] as there are, of those who draw."""
        return _masked(draws.normal(directions[0].numel()).reshape(directions.shape), directions)

    def by_flavour(directions: Tensor) -> Tensor:
        """Project each jet on the directions [S, C, F] of its flavour, where it has the inputs."""
        part = torch.zeros_like(moves)
        for flavour in range(directions.shape[1]):
            rows = (jets.label == flavour).nonzero()[:, 0]
            # In blocks: every jet has its own directions once the inputs that it lacks are left out.
            for block in rows.split(_BLOCK):
                there = (moves[block] != 0)[:, None]
                part[block] = project(moves[block], directions[:, flavour] * there)
        return part

    own_means = means.transpose(0, 1)
    parts = {
        "flavour": by_flavour(means),
        "random_flavour": by_flavour(random(own_means, Draws.of_rows(seed, own_means)).transpose(0, 1)),
    }
    if not matched:
        return parts
    others = [_others(way, jets.label, draws) for way in matched]
    signs = torch.where(draws.uniform(moves.shape[1]) < 0.5, -1.0, 1.0)
    blocks: dict[str, list[Tensor]] = {}
    for rows in torch.arange(len(jets)).split(_BLOCK):
        own = torch.stack([way[rows] for way in matched], dim=1)
        other = torch.stack([way[jet[rows]] for way, jet in zip(matched, others, strict=True)], dim=1)
        directions = {
            "jet": own,
            # Other numbers than those of the signs.
            "random_jet": random(own, Draws(seed + 1, draws.key[rows])),
            "other_jet": _masked(other, own),
            "flipped": own * signs[rows, None],
        }
        for name, chosen in directions.items():
            blocks.setdefault(name, []).append(project(moves[rows], chosen))
    return parts | {name: torch.cat(block) for name, block in blocks.items()}


def _masked(directions: Tensor, own: Tensor) -> Tensor:
    """As many directions [..., S, F] as a jet's own that are not zero, in the inputs that these move."""
    moving = own != 0
    return directions * moving.any(dim=-1, keepdim=True) * moving.any(dim=-2, keepdim=True)


def _others(moves: Tensor, label: Tensor, draws: Draws) -> Tensor:
    """For each jet another of its flavour, int64 [N], that moves if it does, in about as many inputs."""
    order = np.lexsort((draws.words(1)[:, 0], (moves != 0).sum(dim=1), label))
    moving = (moves != 0).any(dim=1)[order]
    other = torch.arange(len(moves))
    for flavour in label.unique():
        rows = torch.from_numpy(order)[moving & (label[order] == flavour)]
        other[rows] = rows.roll(1)
    return other
