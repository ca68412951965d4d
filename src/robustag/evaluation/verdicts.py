"""Does adversarial training help against a perturbation, and by how much of its loss?"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from robustag.evaluation.differences import Measurement, harm

#: What is compared, as (metric, whether it has working points).
_MEASURED = (("auc", False), ("fixed_cut_efficiency", True), ("fixed_cut_mistag", True))


def verdict_of(loss: Measurement, gain: Measurement, significance: float) -> str:
    """``helps`` or ``hurts`` if the gain exceeds so many total errors, ``no difference`` if the loss of the
    nominal model does and the gain does not, ``harmless`` if neither does; ``unknown`` where an error or a
    number does not exist."""
    if not np.isfinite([loss.mean, loss.total, gain.mean, gain.total]).all():
        return "unknown"
    if abs(gain.mean) > significance * gain.total:
        return "helps" if gain.mean > 0 else "hurts"
    return "no difference" if abs(loss.mean) > significance * loss.total else "harmless"


def verdicts(
    metrics: pd.DataFrame,
    pairs: Sequence[Mapping[str, str]],
    discriminators: Sequence[str],
    mistags: Sequence[float],
    significance: float,
) -> pd.DataFrame:
    """Every attack and scenario at every strength, for each pair of a nominal and an adversarial model.

    Parameters
    ----------
    metrics : DataFrame
        The collected metrics table.
    pairs : sequence of mapping
        label, nominal and adversarial.
    discriminators : sequence of str
    mistags : sequence of float
        Working points, of the rates at cuts fixed on clean jets.
    significance : float
        Total errors that a gain must exceed.

    Returns
    -------
    DataFrame
        Columns pair, kind, perturbation, epsilon, discriminator, metric, working_point; ``nominal`` and
        ``adversarial``, the harm to either model (see `harm`); ``gain``, their difference; ``recovered``, its
        share of the nominal model's harm, where that is twice as significant; each followed by its total
        error; and ``verdict`` (see `verdict_of`). Errors are paired between models and strengths.
    """
    # Rows are looked up many times: look among few.
    wanted = metrics["metric"].isin([metric for metric, _ in _MEASURED])
    metrics = metrics[wanted & metrics["discriminator"].isin(discriminators)]
    rows = []
    for perturbation, of_it in metrics.groupby("perturbation", sort=False):
        for discriminator, table in of_it.groupby("discriminator", sort=False):
            for pair in pairs:
                case = {"perturbation": perturbation, "discriminator": discriminator}
                front = {"pair": pair["label"], "kind": table["kind"].iloc[0], **case}
                for numbers in _compare(table, pair, case, mistags, significance):
                    rows.append(front | numbers)
    return pd.DataFrame(rows)


def _compare(
    table: pd.DataFrame, pair: Mapping, case: Mapping, mistags: Sequence[float], significance: float
) -> Iterator[dict]:
    for epsilon in sorted(set(table["epsilon"]) - {0.0}):
        for metric, at_points in _MEASURED:
            for point in mistags if at_points else [np.nan]:
                wanted = {**case, "epsilon": epsilon, "metric": metric, "working_point": point}
                nominal = harm(table, model=pair["nominal"], **wanted)
                adversarial = harm(table, model=pair["adversarial"], **wanted)
                gain = nominal - adversarial  # `robustness_gain`, of what is there already
                recovered = gain / nominal
                # Closer to zero the error of a ratio says nothing.
                shown = abs(nominal.mean) > 2 * significance * nominal.total
                yield {
                    "epsilon": epsilon,
                    "metric": metric,
                    "working_point": point,
                    "nominal": nominal.mean,
                    "nominal_error": nominal.total,
                    "adversarial": adversarial.mean,
                    "adversarial_error": adversarial.total,
                    "gain": gain.mean,
                    "gain_error": gain.total,
                    "recovered": recovered.mean if shown else np.nan,
                    "recovered_error": recovered.total if shown else np.nan,
                    "verdict": verdict_of(nominal, gain, significance),
                }
