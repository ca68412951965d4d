"""The few numbers that a study ends with, as a short text table."""

from collections.abc import Mapping, Sequence

import pandas as pd

from robustag.claims.evidence import Evidence, Settings
from robustag.evaluation.differences import Measurement

HEADER = ("model", "BvL AUC, raw", "FGSM", "noise", "loss to FGSM", "light mis-tag")


def headline(metrics: pd.DataFrame, pairs: Sequence[Mapping[str, str]], settings: Settings) -> str:
    """One line a model: BvL AUC raw, under FGSM and under noise, the loss, and the mis-tag rate raw -> FGSM.

    Parameters
    ----------
    metrics
        The collected metrics table.
    pairs
        ``label``, ``nominal`` and ``adversarial`` of each arm.
    settings
        The strength is ``shown_epsilon``, the efficiency that of the mis-tag rate.

    Raises
    ------
    InputError
        A number is not in the table.
    """
    none = pd.DataFrame()
    rows = [HEADER]
    for pair in pairs:
        evidence = Evidence(pair["nominal"], pair["adversarial"], metrics, none, none)
        for model in (evidence.nominal, evidence.adversarial):
            attack, noise, epsilon = settings.attack, settings.noise, settings.shown_epsilon
            mistags = [
                evidence.mistag(model, attack, strength, "BvL", settings.efficiency).mean
                for strength in (0.0, epsilon)
            ]
            rows.append(
                (
                    model,
                    _with_error(evidence.auc(model, attack, 0.0, "BvL")),
                    _with_error(evidence.auc(model, attack, epsilon, "BvL")),
                    _with_error(evidence.auc(model, noise, epsilon, "BvL")),
                    _with_error(evidence.auc_loss(model, attack, epsilon, "BvL")),
                    f"{mistags[0]:.2%} -> {mistags[1]:.2%}",
                )
            )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    rule = "-" * max(map(len, lines))
    note = (
        f"FGSM and noise at epsilon {settings.shown_epsilon:g}; mis-tag at {settings.efficiency:.0%} b "
        "efficiency, raw -> FGSM; errors: statistics and seeds."
    )
    return "\n".join([lines[0], rule, *lines[1:], note]) + "\n"


def _with_error(measured: Measurement) -> str:
    return f"{measured.mean:.4f} ± {measured.total:.4f}"
