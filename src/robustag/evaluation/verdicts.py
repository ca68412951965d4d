"""Does adversarial training help against a perturbation, and by how much of its loss?"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from robustag.evaluation.differences import harm
from robustag.evaluation.significance import holm, level

#: What is compared, as (metric, whether it has working points).
_MEASURED = (("auc", False), ("fixed_cut_efficiency", True), ("fixed_cut_mistag", True))


def verdict_of(loss: float, gain: float, gain_p: float, loss_p: float, level: float) -> str:
    """What the corrected p-values of a gain and of the nominal model's harm say at a level.

    ``helps`` or ``hurts`` if the gain is significant, ``no difference`` if only the harm is, ``harmless`` if
    neither is; ``unknown`` where a number or its error does not exist.
    """
    if not np.isfinite([loss, gain, loss_p, gain_p]).all():
        return "unknown"
    if gain_p < level:
        return "helps" if gain > 0 else "hurts"
    return "no difference" if loss_p < level else "harmless"


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
        What counts as an effect, in standard deviations of a normal distribution; see
        `robustag.evaluation.significance`.

    Returns
    -------
    DataFrame
        Columns pair, kind, perturbation, epsilon, discriminator, metric, working_point; ``nominal`` and
        ``adversarial``, the harm to either model (see `harm`); ``gain``, their difference; ``recovered``, its
        share of the nominal model's harm, where that exceeds twice ``significance`` errors; each followed by
        its total error, paired between models and strengths; ``nominal_p`` and ``gain_p``, p-values corrected
        for the number of rows of the pair (Holm); and ``verdict`` (see `verdict_of`). A gain between models
        that were trained once has no p-value: nobody knows what another training would give.
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
    table = pd.DataFrame(rows)
    for column in ("nominal_p", "gain_p"):
        table[column] = table.groupby("pair")[column].transform(holm)
    columns = ["nominal", "gain", "gain_p", "nominal_p"]
    table["verdict"] = [
        verdict_of(loss, gain, gain_p, loss_p, level(significance))
        for loss, gain, gain_p, loss_p in table[columns].to_numpy()
    ]
    return table


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
                    "nominal_p": nominal.p_value,
                    "adversarial": adversarial.mean,
                    "adversarial_error": adversarial.total,
                    "gain": gain.mean,
                    "gain_error": gain.total,
                    "gain_p": gain.p_value if len(gain.seeds) > 1 else np.nan,
                    "recovered": recovered.mean if shown else np.nan,
                    "recovered_error": recovered.total if shown else np.nan,
                }
