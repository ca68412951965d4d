"""The few numbers that a study ends with."""

from collections.abc import Mapping, Sequence

import pandas as pd

from robustag.attacks.labels import perturbation_label
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
    """A row per model: BvL AUC raw, attacked and with noise, the loss, that to the strongest attack, the
    mis-tag rate, signs of masking.

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
                _strongest(evidence, model, settings),
                f"{mistags[0]:.2%} -> {mistags[1]:.2%}",
                raised(flags, model),
            )
    called = settings.attack_label
    header = (
        *("model", "BvL AUC, raw", called, "noise", f"loss to {called}", "loss to the strongest"),
        *("light mis-tag", "masking audit"),
    )
    note = (
        f"{called} and noise at epsilon {epsilon:g}; mis-tag at {settings.efficiency:.0%} b efficiency, "
        f"raw -> {called}; strongest: of all attacks of several steps in the budget of {called} the one "
        f"that costs most, and {called} on the same jets; errors: statistics and seeds; masking audit: signs "
        "that attacks fail, see below."
    )
    return [*table(header, list(rows.values()), aligned=True), "", note]


def _strongest(evidence: Evidence, model: str, settings: Settings) -> str:
    """The loss of BvL AUC to the attack that costs most, and to the shown one on the same jets."""
    epsilon = settings.shown_epsilon
    losses = {
        pair[0]: [evidence.auc_loss(model, each, epsilon, "BvL") for each in pair]
        for pair in settings.beside_one_step
        if all(evidence.offers(each, epsilon) for each in pair)
    }
    if not losses:
        return "not made"
    name, (strong, weak) = max(losses.items(), key=lambda item: (item[1][0] - item[1][1]).mean)
    return f"{with_error(strong)} ({perturbation_label(name)}; {settings.attack_label} {weak.mean:.4f})"


def with_error(measured: Measurement) -> str:
    """Mean and total error."""
    return f"{measured.mean:.4f} ± {measured.total:.4f}"
