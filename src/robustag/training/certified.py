"""Training against all that a box of inputs allows, so that bounds on the outputs can be proven."""

from collections.abc import Callable, Iterator

from torch import Tensor, nn

from robustag.attacks.iterated import ascend, random_point
from robustag.attacks.problem import PerJetLoss, Problem
from robustag.attacks.rule import Budget, BudgetRule
from robustag.draws import Draws
from robustag.models import in_mode
from robustag.models.boxes import worst_logits
from robustag.options import Count, Positive, Share, Whole
from robustag.training.step import Batch, Moment, Recipe


def mtl_ibp(
    loss: PerJetLoss,
    rule: BudgetRule,
    *,
    epsilon: Positive,
    weight: Share,
    warm_up: Whole,
    steps: Count,
    rate: Positive,
) -> Recipe:
    """A mean of the loss under an attack and of its bound by intervals over the whole budget.

    ``(1 - weight) L(f(x'), y) + weight L_box`` (MTL-IBP, arXiv:2305.13991): the first is below the worst loss
    of the budget, the second above it. With weight 1 this is training on interval bounds alone
    (arXiv:1810.12715).

    Parameters
    ----------
    epsilon : float
        Size of the budget, scaled units.
    weight : float
        Of the bound, in (0, 1].
    warm_up : int
        Epochs over which epsilon grows in equal steps to its full size.
    steps : int
        Of PGD from a random point of the budget, dropout off.
    rate : float
        Way that all steps together may go, in budgets.
    """
    attack = _attack(loss, rule, epsilon, warm_up, steps, rate)

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        budget, attacked = attack(model, batch, moment)
        bound = loss(worst_logits(model, budget.lower, budget.upper, batch.label), batch.label)
        yield (1 - weight) * loss(model(attacked), batch.label) + weight * bound

    return step


def sabr(
    loss: PerJetLoss,
    rule: BudgetRule,
    *,
    epsilon: Positive,
    width: Share,
    warm_up: Whole,
    steps: Count,
    rate: Positive,
) -> Recipe:
    """Bound of the loss by intervals over a small box around the worst point found in the budget.

    The box is `width` times as wide as the budget and lies within it (SABR, arXiv:2210.04871): intervals are
    tight enough there not to ruin the network, and the worst of the budget is most likely inside.

    Parameters
    ----------
    epsilon, warm_up, steps, rate
        As of `mtl_ibp`.
    width : float
        Width of the box in widths of the budget, in (0, 1]; with 1 this is training on interval bounds alone.
    """
    attack = _attack(loss, rule, epsilon, warm_up, steps, rate)

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        budget, attacked = attack(model, batch, moment)
        radius = width / 2 * (budget.upper - budget.lower)
        centre = attacked.clamp(budget.lower + radius, budget.upper - radius)
        yield loss(worst_logits(model, centre - radius, centre + radius, batch.label), batch.label)

    return step


def _attack(
    loss: PerJetLoss, rule: BudgetRule, epsilon: float, warm_up: int, steps: int, rate: float
) -> Callable[[nn.Module, Batch, Moment], tuple[Budget, Tensor]]:
    """What gives the budget of a batch, and its jets under PGD within it."""

    def attacked(model: nn.Module, batch: Batch, moment: Moment) -> tuple[Budget, Tensor]:
        draws = Draws.of_rows(moment.generator, batch.inputs)
        problem = Problem(model, loss, batch.inputs, batch.missing, batch.label, rule, draws)
        budget = problem.budget(moment.grown(epsilon, warm_up))
        with in_mode(model, training=False):
            return budget, ascend(problem, budget, random_point(problem, budget), steps, rate)

    return attacked
