"""The masking audit: signs that attacks fail on a model because its gradients mislead them.

A model that hides its gradients looks robust and is not. No single sign proves it, and each has a cause of
its own, so all are shown beside every number of robustness.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from robustag.claims.evidence import COLUMNS
from robustag.claims.quantities import measured
from robustag.claims.settings import Settings
from robustag.evaluation.differences import Measurement
from robustag.evaluation.significance import holm, level

#: Rules of `robustag.attacks.ordering` as flags, with what it means if one fails.
ORDERS = {
    "monotone": "a larger epsilon does less",
    "stronger attack": "a weaker attack does more than a stronger one",
    "black box": "an attack without gradients raises the loss more than PGD",
    "white box": "jets crafted on another model are misread more often than the model's own",
    "own loss": "an attack on the logit margin misreads more jets than one on the model's own loss",
}
NO_GRADIENT = "no gradient"
TRANSFER = "transfer"


@dataclass(frozen=True)
class Flag:
    """One sign of masking on one model.

    Attributes
    ----------
    model
    name
        `NO_GRADIENT`, `TRANSFER` or a key of `ORDERS`.
    raised
        Whether the sign was found; None where the study has nothing to tell.
    detail
        The numbers, in words.
    """

    model: str
    name: str
    raised: bool | None
    detail: str


def masking_flags(
    models: Sequence[str], tables: Mapping[str, pd.DataFrame], orders: pd.DataFrame, settings: Settings
) -> list[Flag]:
    """All signs for all models, in that order.

    Parameters
    ----------
    models
        Names in the tables.
    tables
        ``audit`` and ``transfer``, see `robustag.claims.evidence.COLUMNS`; an absent one tells nothing.
    orders
        From `robustag.attacks.ordering.check_orders`.
    settings
        ``masked_within`` and ``significance``.
    """
    audit, transfer = (
        tables.get(name, pd.DataFrame(columns=COLUMNS[name])) for name in ("audit", "transfer")
    )
    flags = []
    for model in models:
        flags.append(_no_gradient(model, audit[audit["model"] == model], settings))
        own = orders[orders["model"] == model]
        flags += [_order(model, rule, own[own["rule"] == rule]) for rule in ORDERS]
        flags.append(_transfer(model, transfer, settings))
    return flags


def raised(flags: Sequence[Flag], model: str) -> str:
    """The signs found on a model, as a cell of a table."""
    of_model = [flag for flag in flags if flag.model == model]
    names = [flag.name for flag in of_model if flag.raised]
    if names:
        return ", ".join(names)
    return "none" if any(flag.raised is not None for flag in of_model) else "no audit"


def _no_gradient(model: str, audit: pd.DataFrame, settings: Settings) -> Flag:
    if audit.empty:
        return Flag(model, NO_GRADIENT, None, "no audit")
    without = audit["zero_gradient"] + audit["unusable"]
    detail = f"{without.max():.2%} of jets"
    if broken := audit["unusable"].max():
        detail += f", NaN or infinity for {broken:.2%}"
    return Flag(model, NO_GRADIENT, bool(without.max() > settings.masked_within), detail)


def _order(model: str, rule: str, orders: pd.DataFrame) -> Flag:
    if orders.empty:
        return Flag(model, rule, None, "the study lacks such a pair of attacks")
    failing = orders[~orders["holds"]]
    detail = f"{len(failing)} of {len(orders)} fail"
    if len(failing):
        pairs = failing.groupby(["weaker", "stronger"], sort=False)["epsilon"]
        detail += ": " + "; ".join(
            f"{weaker} beside {stronger} at {', '.join(f'{value:g}' for value in sorted(set(epsilons)))}"
            for (weaker, stronger), epsilons in pairs
        )
    return Flag(model, rule, bool(len(failing)), detail)


def _transfer(model: str, transfer: pd.DataFrame, settings: Settings) -> Flag:
    """Whether jets crafted on another model lower the BvL AUC more than the model's own."""
    rows = transfer[
        (transfer["target"] == model) & (transfer["discriminator"] == "BvL") & (transfer["metric"] == "auc")
    ]
    compared = list(_against_own(model, rows[rows["epsilon"] > 0]))
    if not compared:
        return Flag(model, TRANSFER, None, "the study lacks the transfer matrix")
    corrected = holm([excess.p_value for _, _, excess in compared])
    failing = [
        f"from {source} at {epsilon:g}"
        for (source, epsilon, excess), p in zip(compared, corrected, strict=True)
        if excess.mean > 0 and p < level(settings.significance)
    ]
    detail = f"{len(failing)} of {len(compared)} do more harm than its own"
    return Flag(
        model, TRANSFER, bool(failing), ": ".join([detail, "; ".join(failing)]) if failing else detail
    )


def _against_own(model: str, rows: pd.DataFrame) -> Iterator[tuple[str, float, Measurement]]:
    """Source, epsilon, and AUC under the own attack minus that under the source's."""
    for epsilon, at in rows.groupby("epsilon"):
        own = at[at["model"] == model]
        for source, crafted in at[at["model"] != model].groupby("model", sort=False):
            if len(own):
                yield str(source), float(epsilon), measured(own) - measured(crafted)
