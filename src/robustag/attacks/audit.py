"""Whether an attack did what it says: numbers that belong beside its results."""

import torch
from torch import Tensor

from robustag.attacks.definition import AttackDefinition
from robustag.attacks.objectives import objective_of
from robustag.attacks.problem import Problem, input_gradient, logit_margin
from robustag.attacks.rule import Budget
from robustag.attacks.sweep import Sweep
from robustag.attacks.validity import Covariances

#: Moves of a count that are whole up to rounding.
_WHOLE = 1e-3


class BrokenBudgetError(RuntimeError):
    """An attack left its budget: a defect of the attack, whose numbers must not be shown."""


def audit(attack: Sweep, epsilon: float, perturbed: Tensor, jets: Tensor | None = None) -> dict:
    """`Auditor` of one epsilon; parameters, numbers and errors are its."""
    return Auditor(attack, jets)(epsilon, perturbed)


def check_budget(attack: Sweep, epsilon: float, perturbed: Tensor) -> None:
    """Refuse what has left the budget, as `Auditor` does, which measures besides."""
    attack.within_memory(lambda problems: _budget_kept(problems, attack.definition, epsilon, perturbed))


class Auditor:
    """Audits what an attack makes, epsilon after epsilon; what is true of clean jets is found once.

    Parameters
    ----------
    attack : Sweep
        The attack with its jets.
    jets : Tensor int64, optional
        Rows on which losses, gradients and covariances are taken, the same for all attacks that are to be
        compared; all of them if left out.
    """

    def __init__(self, attack: Sweep, jets: Tensor | None = None) -> None:
        self._attack = attack
        self._rows = slice(None) if jets is None else jets
        self._clean: tuple[Tensor, float] | None = None

    def __call__(self, epsilon: float, perturbed: Tensor) -> dict:
        """Audit what the attack made at one epsilon.

        Parameters
        ----------
        epsilon : float
            Strength.
        perturbed : Tensor [N, F]
            What the attack gave.

        Returns
        -------
        dict
            ``epsilon``; ``outside_budget``: entries beyond their interval, ball or valid covariance;
            ``moved_frozen``: moved missing entries, and counts unless the attack moves those;
            ``fractional_counts``: counts moved by no whole number of units; ``moved``: share of entries that
            moved; ``audited_jets``; ``invalid_covariances``: share of the tracks of these that were valid
            before and are not now (zero under a physical budget, and telling without);
            ``zero_gradient``: share of these jets whose gradient, where it may move, is exactly zero
            (masking); ``unusable``: share of all jets for which the attack met, at this epsilon or one
            before, a gradient with NaN or infinity in it or a loss that is NaN, so that it did less to them
            than it could; ``loss``, ``margin``: mean loss and mean logit margin of the audited jets that have
            a finite one; ``raised``: the same of what the attack raises, for "misread" as the next;
            ``misread``: share of the audited jets whose largest logit is wrong.

        Raises
        ------
        BrokenBudgetError
            If an entry left the budget or moved although frozen.
        """
        return self._attack.within_memory(
            lambda problems: (
                _budget_kept(problems, self._attack.definition, epsilon, perturbed)
                | self._jets(problems[0], perturbed)
            )
        )

    def _jets(self, problem: Problem, perturbed: Tensor) -> dict[str, float | int]:
        """What the chosen jets have lost: mean losses at `perturbed`, gradients that are zero, covariances.

        All jets of an attack have the model, the loss and the rule of `problem`.
        """
        device, rule, raises = problem.inputs.device, problem.rule, self._attack.definition.raises
        x, missing, label, shifted = (
            column[self._rows].to(device) for column in (*self._attack.jets, perturbed)
        )
        if self._clean is None:
            gradient = input_gradient(problem.model, problem.loss, x, label)
            gradient.masked_fill_(missing | rule.integer | (rule.scale == 0), 0.0)
            zero = float((gradient == 0).all(dim=1).double().mean())
            self._clean = _valid(rule.covariances, x).cpu(), zero
        valid, zero = self._clean
        with torch.no_grad():
            logits = problem.model(shifted)
            losses, margin = problem.loss(logits, label).double(), logit_margin(logits, label).double()
            misread = (margin > 0).double()
            raised = misread
            if raises != "misread":
                raised = (objective_of(raises) or problem.loss)(logits, label).double()
        broken = valid.to(device) & ~_valid(rule.covariances, shifted)
        return {
            "audited_jets": len(x),
            "invalid_covariances": int(broken.sum()) / max(1, int(valid.sum())),
            "zero_gradient": zero,
            "loss": _mean(losses),
            "margin": _mean(margin),
            "raised": _mean(raised),
            "misread": float(misread.mean()),
        }


def _budget_kept(
    problems: list[Problem], definition: AttackDefinition, epsilon: float, perturbed: Tensor
) -> dict[str, float | int]:
    """What has moved, of all jets, and that it has kept the budget."""
    found = {"outside_budget": 0, "moved_frozen": 0, "fractional_counts": 0}
    moved = 0.0
    # An attack that has moved to the CPU since may have made them on a GPU.
    perturbed = perturbed.to(problems[0].inputs.device)
    sizes = [len(problem.inputs) for problem in problems]
    for problem, shifted in zip(problems, perturbed.split(sizes), strict=True):
        move = shifted - problem.inputs
        # Written as numbers: on a CPU bool takes several times as long.
        moved += float(torch.ne(move, 0, out=torch.empty_like(move)).sum(dtype=torch.float64))
        budget = problem.budget(epsilon)
        if definition.moves_integers or not (budget.holds(shifted) and _frozen_stay(problem, move)):
            for name, number in _broken(problem, budget, definition, move, shifted).items():
                found[name] += number
    if any(found.values()):
        raise BrokenBudgetError(
            f"attack '{definition.info.name}' broke its budget at epsilon {epsilon}: {found}"
        )
    return {
        "epsilon": float(epsilon),
        **found,
        "moved": moved / perturbed.numel(),
        "unusable": sum(int(problem.lost.sum()) for problem in problems) / len(perturbed),
    }


def _frozen_stay(problem: Problem, move: Tensor) -> bool:
    """Whether no missing entry and no count has moved."""
    frozen = (problem.missing | problem.rule.integer).view(torch.uint8)
    least, most = (move * frozen).aminmax()
    return bool((least == 0) & (most == 0))


def _broken(
    problem: Problem, budget: Budget, definition: AttackDefinition, move: Tensor, shifted: Tensor
) -> dict[str, int]:
    """How many entries break what."""
    counted = problem.rule.integer & ~problem.missing & definition.moves_integers
    fixed = (problem.missing | problem.rule.integer) & ~counted
    found = {
        "outside_budget": int((budget.outside(shifted) & ~counted).sum()),
        "moved_frozen": int(((move != 0) & fixed).sum()),
    }
    if definition.moves_integers:
        units = move / problem.rule.needed("unit")
        below = shifted < torch.minimum(problem.inputs, problem.rule.needed("floor")) - _WHOLE
        off = ((units - units.round()).abs() > _WHOLE) | below
        found["fractional_counts"] = int((off & counted).sum())
    return found


def _valid(covariances: Covariances | None, x: Tensor) -> Tensor:
    """Tracks [N, T] whose covariance is one; none without any."""
    return x.new_zeros(len(x), 0, dtype=torch.bool) if covariances is None else ~covariances.broken(x)


def _mean(values: Tensor) -> float:
    """Mean of those that are finite; NaN if none is."""
    return float(values[torch.isfinite(values)].mean())
