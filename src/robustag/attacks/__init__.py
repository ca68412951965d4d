"""Attacks on taggers, and the budgets that say what they may move and how far.

Every attack of the catalogue is a function of this package: ``pgd(model, x, label, budget, steps=20, ...)``.
What is asked for is imported then, so that the catalogue can be read without torch.
"""

from typing import TYPE_CHECKING, Any

from robustag.attacks.catalogue import ATTACKS
from robustag.attacks.definition import NORMS, AttackDefinition, BudgetSettings
from robustag.attacks.info import AttackInfo
from robustag.lazy import export_lazily

if TYPE_CHECKING:
    from robustag.attacks.audit import Auditor, BrokenBudgetError, audit, check_budget
    from robustag.attacks.problem import Problem, input_gradient
    from robustag.attacks.registry import build_attack
    from robustag.attacks.rule import Budget, BudgetRule
    from robustag.attacks.scales import FACTORS
    from robustag.attacks.spread import Spread
    from robustag.attacks.standalone import FUNCTIONS, attack
    from robustag.attacks.sweep import Sweep, sweep

    def __getattr__(name: str) -> Any: ...


__all__ = [
    "ATTACKS",
    "FACTORS",
    "FUNCTIONS",
    "NORMS",
    "AttackDefinition",
    "AttackInfo",
    "Auditor",
    "BrokenBudgetError",
    "Budget",
    "BudgetRule",
    "BudgetSettings",
    "Problem",
    "Spread",
    "Sweep",
    "attack",
    "audit",
    "build_attack",
    "check_budget",
    "input_gradient",
    "sweep",
]

export_lazily(__name__, dict.fromkeys(ATTACKS, "robustag.attacks.standalone"))
