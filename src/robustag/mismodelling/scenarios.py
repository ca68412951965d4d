"""Mis-modelling at the level of the inputs: resolution, offsets and scales."""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from robustag.attacks import BudgetRule
from robustag.errors import InputError
from robustag.features import FeatureTable, select_inputs
from robustag.tensors import Normalisation

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


def smear(inputs: Tensor, centre: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian smearing; strength 1 is one sigma of the training sample (arXiv:2203.13890, "noise").

    Each strength scales the same draws, so a curve over strengths carries no extra noise.
    """
    return torch.randn(inputs.shape, generator=generator, dtype=inputs.dtype)


def shift(inputs: Tensor, centre: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
    """One offset for all jets; the strength is in the input's own unit (a misaligned detector)."""
    return (1.0 / sigma).expand_as(inputs)


def scale(inputs: Tensor, centre: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
    """A relative change of the physical value (an energy scale): ``X' = X (1 + strength)``."""
    return inputs + centre


#: kind -> the move of every input at strength 1, scaled units [N, F]. Each is a function of the scaled inputs
#: [N, F], ``centre`` = mean / sigma [F], ``sigma`` in physical units [F], and a generator.
KINDS: dict[str, Callable[[Tensor, Tensor, Tensor, torch.Generator], Tensor]] = {
    "smear": smear,
    "shift": shift,
    "scale": scale,
}


def perturb(
    definition: dict,
    data: "JetTensors",
    table: FeatureTable,
    normalisation: Normalisation,
    *,
    relative_cap: float | None,
    seed: int,
) -> Iterator[tuple[float, Tensor]]:
    """Jets with some inputs mis-modelled, at each strength in turn.

    Parameters
    ----------
    definition : dict
        ``kind`` (see `KINDS`), ``inputs`` (see `select_inputs`) and ``strengths``, which may be negative.
    data : JetTensors
        The jets.
    relative_cap : float or None
        As `BudgetRule`: like every perturbation, a scenario moves neither counts nor missing entries.
    seed : int
        Of the smearing.

    Yields
    ------
    strength : float
        In sigma (smear), the input's unit (shift) or relative (scale).
    inputs : Tensor float32 [N, F]
        Scaled units.

    Raises
    ------
    InputError
        If the kind is unknown or a selector names no input.
    """
    if definition["kind"] not in KINDS:
        raise InputError(f"scenario kind '{definition['kind']}' is unknown: use {', '.join(KINDS)}")
    rule = BudgetRule.of(table, normalisation, factors="none", relative_cap=relative_cap)
    chosen = torch.from_numpy(select_inputs(definition["inputs"], table))
    generator = torch.Generator().manual_seed(seed)
    sigma = torch.tensor(normalisation.sigma, dtype=torch.float32)
    move = KINDS[definition["kind"]](data.inputs, rule.centre, sigma, generator) * chosen
    envelope = rule.budget(data.inputs, data.missing, math.inf)
    for strength in definition["strengths"]:
        yield strength, envelope.project(data.inputs + strength * move)
