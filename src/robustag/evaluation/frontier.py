"""Ways of training side by side: what each costs in performance, and what it gains elsewhere."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.evaluation.calibration import ALL
from robustag.evaluation.differences import Measurement
from robustag.evaluation.discriminators import DISCRIMINATORS
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.scale_factors import LARGER, SMALLER, TOTAL, compare, of_rates, shown_rates
from robustag.evaluation.significance import answer, holm, level
from robustag.evaluation.transport import SPREAD, TRANSPORT
from robustag.mismodelling.sources import Source

#: What the raw jets are called among the perturbations.
RAW = "raw"
BETTER, WORSE = "better", "worse"


def uncertainties(
    metrics: pd.DataFrame,
    nominal: str,
    models: Sequence[str],
    discriminators: Sequence[str],
    sources: Mapping[str, Source],
    significance: float,
    less: float,
) -> pd.DataFrame:
    """Calibration uncertainty of each model beside that of the nominal one, in total and by source.

    Parameters
    ----------
    metrics : DataFrame
        The collected table of these models, of the same trainings each.
    nominal : str
    models : sequence of str
    discriminators, sources, significance
        As of `robustag.evaluation.scale_factors.compare`.
    less : float
        By which share an uncertainty has to be smaller to be worth a training.

    Returns
    -------
    DataFrame
        As there of the rates of `shown_rates`, with the name of the model for that of the pair (column
        ``model``) and the uncertainty of the model itself as ``trained``; all models are one family of tests.
        ``worth``: whether the uncertainty is smaller by more than the share, or by less, as `SMALLER` and
        `LARGER` say it.
    """
    pairs = [{"label": model, "nominal": nominal, "adversarial": model} for model in models]
    # No other rate is asked about, and every test more makes all of them weaker.
    rates = shown_rates(discriminators)
    asked = of_rates(metrics, rates), pairs, discriminators, sources, significance
    found = compare(*asked, together=True)
    found["worth"] = compare(*asked, together=True, share=1.0 - less)["answer"]
    renamed = {"pair": "model", "adversarial": "trained", "adversarial_error": "trained_error"}
    return found.rename(columns=renamed)


def performances(
    metrics: pd.DataFrame,
    nominal: str,
    models: Sequence[str],
    discriminators: Sequence[str],
    attacks: Sequence[str],
    epsilon: float,
    significance: float,
    within: float,
) -> pd.DataFrame:
    """AUC of each model raw and under attack, beside that of the nominal one on the same jets.

    Parameters
    ----------
    metrics, nominal, models, discriminators
        As of `uncertainties`.
    attacks : sequence of str
        Those measured; the raw jets are those of the first.
    epsilon : float
        Their strength.
    significance : float
        As of `uncertainties`.
    within : float
        Loss of AUC that still counts as preserved performance.

    Returns
    -------
    DataFrame
        Columns model, discriminator (of two that tell the same flavours apart, as BvC and CvB, the first:
        they have one AUC), perturbation (`RAW` or an attack), epsilon; ``nominal`` and ``trained``, AUCs, and
        ``difference``, trained minus nominal, each with its error; ``p`` of the difference, corrected for the
        number of models and discriminators under one perturbation; ``answer``; ``preserved``: whether the
        loss is smaller than allowed, or larger, as `BETTER` and `WORSE` say it.
    """
    measured = Measurements(metrics[metrics["metric"] == "auc"])
    table = []
    for discriminator in unlike(discriminators):
        for name, attack, strength in [(RAW, attacks[0], 0.0), *((each, each, epsilon) for each in attacks)]:
            aucs = {
                model: measured.measurement(
                    model=model,
                    perturbation=attack,
                    epsilon=strength,
                    discriminator=discriminator,
                    metric="auc",
                )
                for model in (nominal, *models)
            }
            front = {"discriminator": discriminator, "perturbation": name, "epsilon": strength}
            table += [
                {"model": each, **front, **_performance(aucs[nominal], aucs[each], within)} for each in models
            ]
    found = pd.DataFrame(table)
    for p_value, word, threshold in (("p", "answer", 0.0), ("p_preserved", "preserved", -within)):
        found[p_value] = found.groupby("perturbation", sort=False)[p_value].transform(holm)
        found[word] = [
            answer(difference - threshold, p, level(significance), BETTER, WORSE)
            for difference, p in found[["difference", p_value]].to_numpy()
        ]
    return found


def transports(
    metrics: pd.DataFrame,
    nominal: str,
    models: Sequence[str],
    sources: Mapping[str, Source],
    significance: float,
) -> pd.DataFrame:
    """How far a calibration has to move the outputs of each model, beside those of the nominal one.

    Parameters
    ----------
    metrics, nominal, models, significance
        As of `uncertainties`.
    sources : mapping of str to Source
        Perturbation to source; those that change no sample leave no transport and have no part.

    Returns
    -------
    DataFrame
        Columns model, flavour, source (its name, or `TOTAL`, the sum over those that are ``resolved``: that
        transport the flavour significantly with any of the models); ``nominal`` and ``trained``, squared
        distance over which outputs are transported (`robustag.evaluation.transport.Outputs`) in units of
        their total variance, for one standard deviation of the source, with which it is taken to grow
        quadratically, as the mean over the perturbations of the source; ``difference``, nominal minus
        trained, each with its error; ``p`` of the
        difference, corrected for the number of models and flavours (and sources, which are a family apart
        from the totals); ``answer``, `SMALLER` or `LARGER`.
    """
    rows = metrics[metrics["metric"].isin([TRANSPORT, SPREAD]) & metrics["perturbation"].isin(list(sources))]
    measured = Measurements(rows)
    moved = rows[rows["metric"] == TRANSPORT].drop_duplicates("perturbation")
    steps = dict(zip(moved["perturbation"], moved["epsilon"], strict=True))
    table = []
    for flavour in CLASSES:
        costs = {each: _costs(measured, each, flavour, steps, sources) for each in (nominal, *models)}
        resolved = [
            source
            for source in costs[nominal]
            if any(
                own[source].mean > 0
                and own[source].p_value_of(own[source].mean, these_trainings=True) < level(significance)
                for own in costs.values()
            )
        ]
        if resolved:
            for own in costs.values():
                own[TOTAL] = _combined([own[source] for source in resolved], 1.0)
        table += [
            {"model": model, "flavour": flavour, "source": source, "resolved": source in (*resolved, TOTAL)}
            | _beside(
                costs[nominal][source],
                costs[model][source],
                costs[nominal][source] - costs[model][source],
            )
            for model in models
            for source in costs[nominal]
        ]
    found = pd.DataFrame(table, columns=_TRANSPORT_COLUMNS)
    found["p"] = found.groupby(found["source"] == TOTAL)["p"].transform(holm)
    found["answer"] = [
        answer(difference, p, level(significance), SMALLER, LARGER)
        for difference, p in found[["difference", "p"]].to_numpy()
    ]
    return found


_TRANSPORT_COLUMNS = [
    *("model", "flavour", "source", "resolved", "nominal", "nominal_error", "trained", "trained_error"),
    *("difference", "difference_error", "p", "answer"),
]


def _costs(
    measured: Measurements,
    model: str,
    flavour: str,
    steps: Mapping[str, float],
    sources: Mapping[str, Source],
) -> dict[str, Measurement]:
    """Source to the transport of one model and flavour for one standard deviation."""
    found: dict[str, list[Measurement]] = {}
    for name, epsilon in steps.items():
        distance, spread = (
            measured.measurement(model=model, perturbation=name, epsilon=at, discriminator=of, metric=metric)
            for at, of, metric in ((epsilon, flavour, TRANSPORT), (0.0, ALL, SPREAD))
        )
        own = found.setdefault(sources[name].name, [])
        own.append(_combined([distance / spread], 1.0 / sources[name].sigma ** 2))
    return {source: _combined(own, 1.0 / len(own)) for source, own in found.items()}


def _combined(measurements: Sequence[Measurement], factor: float) -> Measurement:
    """The sum of measurements, times a factor."""
    return Measurement(
        measurements[0].seeds,
        factor * np.sum([each.values for each in measurements], axis=0),
        factor * np.sum([each.replicates for each in measurements], axis=0),
    )


def unlike(names: Sequence[str]) -> list[str]:
    """The first discriminator of every two flavours."""
    found: dict[frozenset[int], str] = {}
    for name in names:
        one = next(one for one in DISCRIMINATORS if one.name == name)
        found.setdefault(frozenset((one.signal, one.background)), name)
    return list(found.values())


def _beside(nominal: Measurement, trained: Measurement, difference: Measurement) -> dict[str, float]:
    """Columns of a row; a difference of single trainings has no p-value."""
    return {
        "nominal": nominal.mean,
        "nominal_error": nominal.total,
        "trained": trained.mean,
        "trained_error": trained.total,
        "difference": difference.mean,
        "difference_error": difference.total,
        "p": difference.p_over_trainings(),
    }


def _performance(nominal: Measurement, trained: Measurement, within: float) -> dict[str, float]:
    difference = trained - nominal
    preserved = difference.p_over_trainings(difference.mean + within)
    return _beside(nominal, trained, difference) | {"p_preserved": preserved}
