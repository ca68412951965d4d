"""Whether the audited attacks stand in the order that they must: what breaks it hints at masked gradients."""

from collections.abc import Iterator, Mapping
from math import sqrt

import pandas as pd

from robustag.attacks.registry import ATTACKS
from robustag.attacks.sweep import ELSEWHERE

#: Share of the weaker attack's effect by which an order may be missed: both are approximate maxima.
TOLERANCE = 0.02

#: The same where two attacks raise different things, the loss and the logit margin: the better way to misread
#: jets is the margin, a little, and the loss is to blame if by more than this.
OBJECTIVE_TOLERANCE = 0.2

#: Weaker and stronger attack in the same budget, and the rule by which they are.
ORDERS = {
    ("noise", "fgsm"): "stronger attack",
    ("uniform", "fgsm"): "stronger attack",
    ("shift", "fgsm"): "stronger attack",
    ("fgsm", "pgd"): "stronger attack",
    ("random_search", "pgd"): "black box",
    ("apgd", "pgd"): "own loss",
}

COLUMNS = ["model", "seed", "rule", "weaker", "stronger", "epsilon", "measure", "less", "more", "holds"]


def check_orders(audit: pd.DataFrame, definitions: Mapping[str, dict]) -> pd.DataFrame:
    """Check every order among the attacks of a study, for each model, seed and epsilon.

    Each attack must not lose by a larger epsilon; PGD must reach at least what FGSM does, and FGSM what noise
    and shifts do; an attack with gradients what one without them does; an attack on the model itself what the
    same attack crafted on another model does; and one on the model's own loss must misread about as many jets
    as one on the logit margin.

    Parameters
    ----------
    audit : DataFrame
        Rows of `robustag.attacks.audit` with model, seed and perturbation.
    definitions : mapping
        Attack definitions by perturbation.

    Returns
    -------
    DataFrame
        One row a comparison: model, seed, rule, weaker, stronger (perturbations), epsilon (of the stronger),
        measure, less, more (the measured values) and whether it holds within 2 % of the weaker one's effect;
        for the two objectives within 20 %, and within two standard errors of the jets that differ.
    """
    rows = []
    for (model, seed), table in audit.groupby(["model", "seed"], sort=False):
        values = table.set_index(["perturbation", "epsilon"])
        for rule, weaker, stronger, measure in comparisons(definitions):
            epsilons = sorted(values.loc[stronger].index)
            for before, epsilon in zip([epsilons[0], *epsilons], epsilons, strict=False):
                at = before if rule == "monotone" else epsilon
                clean = values.loc[(stronger, epsilons[0]), measure]
                less, more = values.loc[(weaker, at), measure], values.loc[(stronger, epsilon), measure]
                allowed = TOLERANCE * abs(less - clean)
                if rule == "own loss":
                    jets = values.loc[(stronger, epsilon), "audited_jets"]
                    allowed = max(OBJECTIVE_TOLERANCE * abs(less - clean), 2 * sqrt(abs(less - more) / jets))
                holds = bool(more >= less - allowed)
                rows.append((model, seed, rule, weaker, stronger, epsilon, measure, less, more, holds))
    return pd.DataFrame(rows, columns=COLUMNS)


def comparisons(definitions: Mapping[str, dict]) -> Iterator[tuple[str, str, str, str]]:
    """The orders to check: rule, weaker, stronger perturbation, and the column that measures them."""
    for name, definition in definitions.items():
        info = ATTACKS[definition["name"]]
        if info.needs_gradient or info.forward_passes != "0":
            yield "monotone", name, name, _measure(definition)
    for weak, first in definitions.items():
        for strong, second in definitions.items():
            if _budget(first) != _budget(second):
                continue
            rule = ORDERS.get((first["name"], second["name"]))
            if rule == "own loss":
                if _measure(first) == "margin":
                    yield rule, weak, strong, "misread"
            elif rule:
                yield rule, weak, strong, "loss"
            if first.get("attack") == _own(second):
                # The source has a loss of its own, so losses do not compare.
                yield "white box", weak, strong, "misread"


def _measure(definition: dict) -> str:
    """What the attack raises."""
    if definition["name"] in ("deepfool", "carlini_wagner"):
        return "misread"
    return "margin" if definition.get("objective") == "margin" or definition["name"] == "rdsa" else "loss"


def _budget(definition: dict) -> dict:
    """What the budget and the loss of a definition are made of."""
    keys = ("factors", "frozen", "loss", "physical", "relative_cap")
    # Gaussian noise has no bound; its width is compared with the bound of the others.
    norm = definition.get("norm", ATTACKS[definition["name"]].norm).replace("none", "linf")
    return {key: definition.get(key) for key in keys} | {"norm": norm}


def _own(definition: dict) -> dict:
    """The attack's name and options."""
    return {key: value for key, value in definition.items() if key not in ELSEWHERE}
