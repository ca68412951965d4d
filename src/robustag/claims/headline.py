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
        f"raw -> {called}; strongest: of all attacks in the budget of {called} the one that costs most, on "
        "its own jets; errors: statistics and seeds; masking audit: signs that attacks fail, see below."
    )
    return [*table(header, list(rows.values()), aligned=True), "", note]


def _strongest(evidence: Evidence, model: str, settings: Settings) -> str:
    """The largest loss of BvL AUC to an attack in the budget of the shown one, and the attack."""
    shown, epsilon = settings.definitions[settings.attack], settings.shown_epsilon
    losses = {
        name: evidence.auc_loss(model, name, epsilon, "BvL")
        for name, definition in settings.definitions.items()
        if name == settings.attack
        or (definition.on_the_model and definition.shares_budget(shown) and evidence.offers(name, epsilon))
    }
    name = max(losses, key=lambda one: losses[one].mean)
    return f"{with_error(losses[name])} ({perturbation_label(name)})"


def with_error(measured: Measurement) -> str:
    """Mean and total error."""
    return f"{measured.mean:.4f} ± {measured.total:.4f}"
