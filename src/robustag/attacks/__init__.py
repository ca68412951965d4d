"""Attacks on taggers, and the budgets that say what they may move and how far."""

from robustag.attacks.audit import audit
from robustag.attacks.budget import FACTORS, Budget, BudgetRule
from robustag.attacks.problem import Problem, input_gradient
from robustag.attacks.registry import ATTACKS, AttackInfo
from robustag.attacks.sweep import sweep

__all__ = [
    "ATTACKS",
    "FACTORS",
    "AttackInfo",
    "Budget",
    "BudgetRule",
    "Problem",
    "audit",
    "input_gradient",
    "sweep",
]
