"""Whether the audited attacks stand in the order that they must: what breaks it hints at masked gradients."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import sqrt

import pandas as pd

from robustag.attacks.definition import AttackDefinition

#: Share of the weaker attack's effect by which an order may be missed: both are approximate maxima.
TOLERANCE = 0.02

#: The same where two attacks raise different things, the loss and the logit margin: the better way to misread
#: jets is the margin, a little, and the loss is to blame if by more than this.
OBJECTIVE_TOLERANCE = 0.2

#: Share of a mean that its rounding may reach. Losses are single precision (6e-8), and their last digits
#: depend on how many jets share a matrix product, which differs between attacks.
ROUNDING = 1e-6

COLUMNS = ["model", "seed", "rule", "weaker", "stronger", "epsilon", "measure", "less", "more", "holds"]


def check_orders(audit: pd.DataFrame, definitions: Mapping[str, AttackDefinition]) -> pd.DataFrame:
    """Check every order among the attacks of a study, for each model, seed and epsilon above 0.

    Each attack must not lose by a larger epsilon, in what it raises. In the same budget, many steps along
    the gradient (PGD) must reach at least what one step (FGSM) on the same objective does, and one step what
    noise and shifts do; many steps what a search without gradients does; an attack on the model itself what
    the same attack crafted on another model does; and one on the model's own loss must misread about as many
    jets as one on the logit margin.

    Parameters
    ----------
    audit : DataFrame
        Rows of `robustag.attacks.audit` with model, seed and perturbation.
    definitions : mapping
        Attack definitions by perturbation.

    Returns
    -------
    DataFrame
        One row per comparison: model, seed, rule, weaker, stronger (perturbations), epsilon (the stronger's),
        measure, less, more (the measured values) and whether it holds: within 2 % of the weaker one's effect
        (20 % for the two objectives) and within rounding; a share of jets also within two standard errors of
        the jets that differ, at least as many as the difference says.
    """
    rows = []
    for (model, seed), table in audit.groupby(["model", "seed"], sort=False):
        values = table.set_index(["perturbation", "epsilon"])
        for rule, weaker, stronger, measure in comparisons(definitions):
            epsilons = sorted(values.loc[stronger].index)
            for before, epsilon in pairwise(epsilons):
                at = before if rule == "monotone" else epsilon
                clean = values.loc[(stronger, epsilons[0]), measure]
                less, more = values.loc[(weaker, at), measure], values.loc[(stronger, epsilon), measure]
                tolerance = OBJECTIVE_TOLERANCE if rule == "own loss" else TOLERANCE
                allowed = max(tolerance * abs(less - clean), ROUNDING * abs(less))
                if measure == "misread":
                    jets = values.loc[(stronger, epsilon), "audited_jets"]
                    allowed = max(allowed, 2 * sqrt(abs(less - more) / jets))
                holds = bool(more >= less - allowed)
                rows.append((model, seed, rule, weaker, stronger, epsilon, measure, less, more, holds))
    return pd.DataFrame(rows, columns=COLUMNS)


def comparisons(definitions: Mapping[str, AttackDefinition]) -> Iterator[tuple[str, str, str, str]]:
    """The orders to check: rule, weaker, stronger perturbation, and the column that measures them."""
    for name, definition in definitions.items():
        if definition.info.kind != "blind":
            yield "monotone", name, name, "misread" if definition.raises == "misread" else "raised"
    for weak, first in definitions.items():
        for strong, second in definitions.items():
            if first.loss != second.loss:
                continue
            if first.shares_budget(second):
                yield from ((rule, weak, strong, column) for rule, column in _rules(first, second))
            if first.info.kind == "transfer" and first.shares_bound(second) and _same(first.inner[0], second):
                # The source has a loss of its own, so losses do not compare.
                yield "white box", weak, strong, "misread"


def _rules(first: AttackDefinition, second: AttackDefinition) -> Iterator[tuple[str, str]]:
    """The rules by which the second of two attacks in one budget must be the stronger, and their columns."""
    climbs = second.climbs and second.raises == "loss"
    if first.info.kind == "blind" and second.one_step and second.raises == "loss":
        yield "stronger attack", "loss"
    if first.one_step and second.climbs and first.raises == second.raises:
        yield "stronger attack", "raised"
    if first.info.kind == "search" and climbs:
        yield "black box", "loss"
    if first.climbs and first.raises == "margin" and climbs:
        yield "own loss", "misread"


def _same(first: AttackDefinition, second: AttackDefinition) -> bool:
    """Whether two definitions name the same attack with the same options."""
    return first.info == second.info and first.options == second.options
