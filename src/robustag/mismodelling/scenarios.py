"""Mis-modelling at the level of the inputs: resolution, offsets, scales, and elements in another order."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from robustag.attacks import BudgetRule
from robustag.classes import CLASSES
from robustag.draws import Draws
from robustag.errors import InputError
from robustag.features import FeatureTable, select_inputs
from robustag.features.blocks import Block
from robustag.mismodelling.composition import compose
from robustag.tensors import Normalisation

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


def smear(inputs: Tensor, centre: Tensor, unit: Tensor, draws: Draws) -> Tensor:
    """Gaussian smearing; the strength is its width.

    Each strength scales the same draws, so a curve over strengths carries no extra noise.
    """
    return unit * draws.normal(inputs.shape[1], inputs.dtype)


def shift(inputs: Tensor, centre: Tensor, unit: Tensor, draws: Draws) -> Tensor:
    """One offset for all jets (a misaligned detector)."""
    return unit.expand_as(inputs)


def scale(inputs: Tensor, centre: Tensor, unit: Tensor, draws: Draws) -> Tensor:
    """A relative change of the physical value (an energy scale): ``X' = X (1 + strength)``."""
    return inputs + centre


_PART = 2048
"""Jets at a time: what is made of them on the way then stays in the cache of one core."""

#: kind -> the move of every input at strength 1, scaled units [N, F]. Each is a function of the scaled inputs
#: [N, F], ``centre`` = mean / sigma [F], the ``unit`` of the strength in scaled units [F], and random numbers
#: of the jets.
KINDS: dict[str, Callable[[Tensor, Tensor, Tensor, Draws], Tensor]] = {
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
        ``kind`` (see `KINDS`, or ``swap``) and ``strengths``; for ``swap`` the ``block`` if it is not the
        first, else ``inputs`` (see `select_inputs`) and, where it has a choice, ``unit`` of the strengths:
        ``sigma`` of the training sample or the ``input``'s own. ``flavours``, if there, names the classes
        whose jets change; ``relative_cap`` replaces the study's.
    data : JetTensors
        The jets.
    relative_cap : float or None
        As `BudgetRule`: like every perturbation, a scenario moves neither counts nor missing entries.
    seed : int
        Of smearing and swaps, whose random numbers follow from it and the jet alone.

    Yields
    ------
    strength : float
    inputs : Tensor float32 [N, F]
        Scaled units.

    Raises
    ------
    InputError
        If the kind is unknown or a selector names no input.
    """
    device = data.inputs.device
    flavours = [CLASSES.index(name) for name in definition.get("flavours", CLASSES)]
    concerned = torch.isin(data.label, torch.tensor(flavours, device=device))[:, None]
    if definition["kind"] == "swap":
        block = table.element_block(definition.get("block"))

        def changed(rows: slice, strength: float) -> Tensor:
            part = data.select(rows)
            place, lot = Draws(seed, part.key).uniform(2, torch.float64).unbind(dim=1)
            chosen = (concerned[rows, 0] & (lot < strength)).nonzero()[:, 0]
            swapped = swap_elements(part.select(chosen), block, normalisation, place[chosen])
            return part.inputs.index_copy(0, chosen, swapped)

    elif definition["kind"] in KINDS:
        move, cap = KINDS[definition["kind"]], definition.get("relative_cap", relative_cap)
        rule = BudgetRule.of(table, normalisation, factors="none", relative_cap=cap).to(device)
        chosen = torch.from_numpy(select_inputs(definition["inputs"], table)).to(rule.scale)
        unit = rule.needed("unit") if definition.get("unit") == "input" else torch.ones_like(rule.scale)

        def changed(rows: slice, strength: float) -> Tensor:
            part = data.select(rows)
            moves = move(part.inputs, rule.centre, unit, Draws(seed, part.key)) * chosen * concerned[rows]
            envelope = rule.budget(part.inputs, part.missing, math.inf)
            return envelope.project(part.inputs + strength * moves)

    else:
        raise InputError(f"scenario kind '{definition['kind']}' is unknown: use {', '.join(KINDS)} or swap")
    for strength in definition["strengths"]:
        yield strength, _by_parts(data.inputs, partial(changed, strength=strength))


def _by_parts(inputs: Tensor, changed: Callable[[slice], Tensor]) -> Tensor:
    """Changed inputs [N, F], made for some jets at a time: what it takes on the way is several times more."""
    result = torch.empty_like(inputs)
    for start in range(0, len(inputs), _PART):
        rows = slice(start, start + _PART)
        result[rows] = changed(rows)
    return result


def keeps_jets(definition: dict) -> bool:
    """Whether a scenario changes the inputs of given jets, and is no sample of its own."""
    return definition["kind"] not in ("resimulated", "composition")


def mismodelled(
    definition: dict,
    jets: "JetTensors",
    variation: Callable[[str], "JetTensors"],
    table: FeatureTable,
    normalisation: Normalisation,
    *,
    relative_cap: float | None,
    seed: int,
) -> Iterator[tuple[float | None, "JetTensors"]]:
    """What a scenario makes of some jets.

    Parameters
    ----------
    definition : dict
        As of `perturb`; of kind ``resimulated`` with ``variation``, or as of `compose`.
    jets : JetTensors
    variation : callable
        Name to the sample of a variation.
    table, normalisation, relative_cap, seed
        As `perturb`; the seed is also that of `compose`.

    Yields
    ------
    strength : float or None
        None for a sample that has none: other jets, not these with other inputs (see `keeps_jets`).
    jets : JetTensors
    """
    if definition["kind"] == "resimulated":
        yield None, variation(definition["variation"])
    elif definition["kind"] == "composition":
        yield None, jets.select(compose(definition, jets, seed))
    else:
        changed = perturb(definition, jets, table, normalisation, relative_cap=relative_cap, seed=seed)
        for strength, inputs in changed:
            yield strength, replace(jets, inputs=inputs)
            # Before the next ones are made.
            del inputs


def swap_elements(data: "JetTensors", block: Block, normalisation: Normalisation, place: Tensor) -> Tensor:
    """Inputs [N, F] of jets in which two neighbours among the elements of a block have changed places.

    Which two follows from a uniform number `place` float64 [N] of each jet; jets without two elements stay
    as they are. All that belongs to an element goes with it; what is missing stays missing, at its value in
    the new place.
    """
    device = data.inputs.device
    jets, columns = len(data), torch.from_numpy(block.columns).to(device)
    places = columns.shape[1]
    mean, sigma, absent = (
        torch.tensor(values, dtype=torch.float64, device=device)
        for values in (normalisation.mean, normalisation.sigma, normalisation.missing)
    )
    physical = (data.inputs.double() * sigma + mean).masked_fill(data.missing, torch.nan)
    existing = (~data.missing[:, columns]).any(dim=1).sum(dim=1)
    left = (place * (existing - 1).clamp(min=1)).long()
    # Jets without two elements keep theirs, whatever their order becomes.
    right = (left + 1).clamp(max=places - 1)
    order = torch.arange(places, device=device).repeat(jets, 1)
    order.scatter_(1, left[:, None], right[:, None])
    order.scatter_(1, right[:, None], left[:, None])
    elements = physical[:, columns]
    physical[:, columns] = elements.gather(2, order[:, None].expand_as(elements))
    swapped = (torch.where(physical.isnan(), absent, physical) - mean) / sigma
    return torch.where((existing > 1)[:, None], swapped.float(), data.inputs)
