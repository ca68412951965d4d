"""Whether an attack did what it says: numbers that belong beside its results."""

import torch
from torch import Tensor

from robustag.attacks.definition import AttackDefinition
from robustag.attacks.problem import Problem, input_gradient, logit_margin
from robustag.attacks.sweep import Sweep

#: Moves of a count that are whole up to rounding.
_WHOLE = 1e-3


class BrokenBudgetError(RuntimeError):
    """An attack left its budget: a defect of the attack, whose numbers must not be shown."""


def audit(attack: Sweep, epsilon: float, perturbed: Tensor, jets: Tensor | None = None) -> dict:
    """Audit what `attack` made at one epsilon.

    Parameters
    ----------
    attack : Sweep
        The attack with its jets.
    epsilon : float
        Strength.
    perturbed : Tensor [N, F]
        What the attack gave.
    jets : Tensor int64, optional
        Rows on which losses and gradients are taken, the same for all attacks that are to be compared.

    Returns
    -------
    dict
        ``epsilon``; ``outside_budget``: entries beyond their interval, ball or valid covariance;
        ``moved_frozen``: moved missing entries, and counts unless the attack moves those;
        ``fractional_counts``: counts moved by no whole number of units; ``moved``: share of entries that
        moved; ``invalid_covariances``: share of the tracks that were valid before and are not now (zero
        under a physical budget, and telling without); ``audited_jets``;
        ``zero_gradient``: share of these whose gradient, where it may move, is exactly zero (masking);
        ``unusable``: share of all jets for which the attack met, at this epsilon or one before, a gradient
        with NaN or infinity in it or a loss that is NaN, so that it did less to them than it could;
        ``loss``, ``margin``: mean loss and mean logit margin of the audited jets that have a finite one;
        ``misread``: share of the audited jets whose largest logit is wrong.

    Raises
    ------
    BrokenBudgetError
        If an entry left the budget or moved although frozen.
    """
    return attack.within_memory(
        lambda problems: _audited(problems, attack.definition, epsilon, perturbed, jets)
    )


def _audited(
    problems: list[Problem],
    definition: AttackDefinition,
    epsilon: float,
    perturbed: Tensor,
    jets: Tensor | None,
) -> dict:
    found = {"outside_budget": 0, "moved_frozen": 0, "fractional_counts": 0}
    moved = broken = valid = 0
    # An attack that has moved to the CPU since may have made them on a GPU.
    perturbed = perturbed.to(problems[0].inputs.device)
    sizes = [len(problem.inputs) for problem in problems]
    for problem, shifted in zip(problems, perturbed.split(sizes), strict=True):
        move = shifted - problem.inputs
        counted = problem.rule.integer & ~problem.missing & definition.moves_integers
        outside = problem.budget(epsilon).outside(shifted) & ~counted
        found["outside_budget"] += int(outside.sum())
        fixed = (problem.missing | problem.rule.integer) & ~counted
        found["moved_frozen"] += int(((move != 0) & fixed).sum())
        if definition.moves_integers:
            units = move / problem.rule.needed("unit")
            below = shifted < torch.minimum(problem.inputs, problem.rule.needed("floor")) - _WHOLE
            off = ((units - units.round()).abs() > _WHOLE) | below
            found["fractional_counts"] += int((off & counted).sum())
        moved += int((move != 0).sum())
        if problem.rule.covariances is not None:
            fine = ~problem.rule.covariances.broken(problem.inputs)
            valid += int(fine.sum())
            broken += int((fine & problem.rule.covariances.broken(shifted)).sum())
    if any(found.values()):
        raise BrokenBudgetError(
            f"attack '{definition.info.name}' broke its budget at epsilon {epsilon}: {found}"
        )
    return {
        "epsilon": float(epsilon),
        **found,
        "moved": moved / perturbed.numel(),
        "invalid_covariances": broken / valid if valid else 0.0,
        "unusable": sum(int(problem.lost.sum()) for problem in problems) / len(perturbed),
        **_losses(problems, perturbed, jets),
    }


def _losses(problems: list[Problem], perturbed: Tensor, jets: Tensor | None) -> dict[str, float | int]:
    """Mean losses of the chosen jets at `perturbed`, and how many of them have no gradient."""
    zero, losses, margins, start = 0, [], [], 0
    for problem in problems:
        stop = start + len(problem.inputs)
        rows = torch.arange(start, stop) if jets is None else jets[(jets >= start) & (jets < stop)]
        rows, shifted = rows.to(perturbed.device) - start, perturbed[rows.to(perturbed.device)]
        start = stop
        if len(rows) == 0:
            continue
        x, label = problem.inputs[rows], problem.label[rows]
        fixed = problem.missing[rows] | problem.rule.integer | (problem.rule.scale == 0)
        gradient = input_gradient(problem.model, problem.loss, x, label).masked_fill(fixed, 0.0)
        zero += int((gradient == 0).all(dim=1).sum())
        with torch.no_grad():
            logits = problem.model(shifted)
            losses.append(problem.loss(logits, label).double())
            margins.append(logit_margin(logits, label).double())
    loss, margin = torch.cat(losses), torch.cat(margins)
    return {
        "audited_jets": len(loss),
        "zero_gradient": zero / len(loss),
        "loss": _mean(loss),
        "margin": _mean(margin),
        "misread": float((margin > 0).double().mean()),
    }


def _mean(values: Tensor) -> float:
    """Mean of those that are finite; NaN if none is."""
    return float(values[torch.isfinite(values)].mean())
