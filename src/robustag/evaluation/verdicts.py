"""Does adversarial training help against a perturbation, and by how much of its loss?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from robustag.evaluation.differences import Measurement
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.significance import holm, level, p_value

#: What is compared, as (metric, whether it has working points).
_MEASURED = (("auc", False), ("fixed_cut_efficiency", True), ("fixed_cut_mistag", True))
#: Rows that agree in these are one family of tests.
_FAMILY = ("pair", "discriminator", "metric", "working_point")


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
        for the number of tests (Holm); and ``verdict`` (see `verdict_of`). A family of tests is what one
        reads together: all perturbations and strengths of one pair, discriminator, metric and working point.
        A gain between models that were trained once has no p-value: nobody knows what another training would
        give.
    """
    wanted = metrics["metric"].isin([metric for metric, _ in _MEASURED])
    metrics = metrics[wanted & metrics["discriminator"].isin(discriminators)]
    measurements = Measurements(metrics)
    rows: list[dict] = []
    tested: dict[str, list[Measurement]] = {"nominal": [], "gain": []}
    for perturbation, of_it in metrics.groupby("perturbation", sort=False):
        for discriminator, table in of_it.groupby("discriminator", sort=False):
            epsilons = sorted(set(table["epsilon"]) - {0.0})
            for pair in pairs:
                case = {"perturbation": perturbation, "discriminator": discriminator}
                front = {"pair": pair["label"], "kind": table["kind"].iloc[0], **case}
                for point, nominal, adversarial in _compare(measurements, pair, case, epsilons, mistags):
                    gain = nominal - adversarial  # `robustness_gain`, of what is there already
                    rows.append(front | point | _numbers(nominal, adversarial, gain, significance))
                    tested["nominal"].append(nominal)
                    tested["gain"].append(gain)
    table = pd.DataFrame(rows)
    for name, measured in tested.items():
        p = pd.Series(_p_values(measured, compares=name == "gain"), table.index)
        table[f"{name}_p"] = p.groupby([table[column] for column in _FAMILY], dropna=False).transform(holm)
    columns = ["nominal", "gain", "gain_p", "nominal_p"]
    table["verdict"] = [
        verdict_of(loss, gain, gain_p, loss_p, level(significance))
        for loss, gain, gain_p, loss_p in table[columns].to_numpy()
    ]
    return table


def _compare(
    measurements: Measurements,
    pair: Mapping,
    case: Mapping,
    epsilons: Sequence[float],
    mistags: Sequence[float],
) -> Iterator[tuple[dict, Measurement, Measurement]]:
    """Strength, metric and working point, and the harm to both models."""
    for epsilon in epsilons:
        for metric, at_points in _MEASURED:
            for working_point in mistags if at_points else [np.nan]:
                point: dict[str, Any] = {"epsilon": epsilon, "metric": metric, "working_point": working_point}
                nominal, adversarial = (
                    measurements.harm(model=pair[role], **case, **point)
                    for role in ("nominal", "adversarial")
                )
                yield point, nominal, adversarial


def _numbers(
    nominal: Measurement, adversarial: Measurement, gain: Measurement, significance: float
) -> dict[str, float]:
    recovered, recovered_error = np.nan, np.nan
    # Closer to zero the error of a ratio says nothing.
    if abs(nominal.mean) > 2 * significance * nominal.total:
        share = gain / nominal
        recovered, recovered_error = share.mean, share.total
    return {
        "nominal": nominal.mean,
        "nominal_error": nominal.total,
        "adversarial": adversarial.mean,
        "adversarial_error": adversarial.total,
        "gain": gain.mean,
        "gain_error": gain.total,
        "recovered": recovered,
        "recovered_error": recovered_error,
    }


def _p_values(measured: Sequence[Measurement], compares: bool) -> np.ndarray:
    """P-values of many measurements at once; NaN where an error is unknown that could decide."""
    columns = [(one.mean, one.statistical, one.freedom, one.seed, len(one.seeds)) for one in measured]
    mean, statistical, freedom, seed, seeds = np.array(columns, dtype=np.float64).T
    unknown = ~np.isfinite(statistical) | (compares & (seeds < 2))
    return np.where(unknown, np.nan, p_value(mean, statistical, freedom, seed, seeds))
