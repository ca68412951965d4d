"""Attacks on taggers, and the budgets that say what they may move and how far.

Every attack of the registry is a function of this package: ``pgd(model, x, label, budget, steps=20, ...)``.
"""

from typing import Any

from robustag.attacks.audit import BrokenBudgetError, audit
from robustag.attacks.budget import Budget
from robustag.attacks.problem import Problem, input_gradient
from robustag.attacks.registry import ATTACKS, AttackInfo, build_attack
from robustag.attacks.rule import NORMS, BudgetRule
from robustag.attacks.scales import FACTORS
from robustag.attacks.spread import Spread
from robustag.attacks.standalone import FUNCTIONS, attack
from robustag.attacks.sweep import Sweep, sweep

__all__ = [
    "ATTACKS",
    "FACTORS",
    "NORMS",
    "AttackInfo",
    "BrokenBudgetError",
    "Budget",
    "BudgetRule",
    "Problem",
    "Spread",
    "Sweep",
    "attack",
    "audit",
    "build_attack",
    "input_gradient",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """The attacks as functions of this package."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
