"""The few numbers that a study ends with."""

from collections.abc import Mapping, Sequence

import pandas as pd

from robustag.claims.evidence import Evidence
from robustag.claims.markdown import table
from robustag.claims.masking import Flag, raised
from robustag.claims.settings import Settings
from robustag.evaluation.differences import Measurement


def headline(
    metrics: pd.DataFrame,
    pairs: Sequence[Mapping[str, str]],
    flags: Sequence[Flag],
    settings: Settings,
) -> list[str]:
    """A row per model: BvL AUC raw, attacked and with noise, the loss, the mis-tag rate, signs of masking.

    Parameters
    ----------
    metrics
        The collected metrics table.
    pairs
        ``label``, ``nominal`` and ``adversarial`` of each arm.
    flags
        From `robustag.claims.masking.masking_flags`.
    settings
        The strength is ``shown_epsilon``, the efficiency that of the mis-tag rate.

    Raises
    ------
    InputError
        A number is not in the table.
    """
    attack, noise, epsilon = settings.attack, settings.noise, settings.shown_epsilon
    rows: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        evidence = Evidence(pair["nominal"], pair["adversarial"], {"metrics": metrics})
        for model in evidence.models:
            if model in rows:
                continue
            mistags = [
                evidence.mistag(model, attack, strength, "BvL", settings.efficiency).mean
                for strength in (0.0, epsilon)
            ]
            rows[model] = (
                model,
                with_error(evidence.auc(model, attack, 0.0, "BvL")),
                with_error(evidence.auc(model, attack, epsilon, "BvL")),
                with_error(evidence.auc(model, noise, epsilon, "BvL")),
                with_error(evidence.auc_loss(model, attack, epsilon, "BvL")),
                f"{mistags[0]:.2%} -> {mistags[1]:.2%}",
                raised(flags, model),
            )
    called = settings.attack_label
    header = ("model", "BvL AUC, raw", called, "noise", f"loss to {called}", "light mis-tag", "masking audit")
    note = (
        f"{called} and noise at epsilon {epsilon:g}; mis-tag at {settings.efficiency:.0%} b efficiency, "
        f"raw -> {called}; errors: statistics and seeds; masking audit: signs that attacks fail, see below."
    )
    return [*table(header, list(rows.values()), aligned=True), "", note]


def with_error(measured: Measurement) -> str:
    """Mean and total error."""
    return f"{measured.mean:.4f} ± {measured.total:.4f}"
