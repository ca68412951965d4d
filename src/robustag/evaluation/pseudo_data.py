"""Jets with several mistakes at once play data: do they look like simulation, and is a calibration right?

They are jets of the simulated collisions as another detector measures them. So their rates are known on the
very jets of simulation, as no experiment knows them; how well they agree with simulation is asked of other
collisions, as an experiment has it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from robustag.evaluation import PSEUDO_DATA, VARIED
from robustag.evaluation.bootstrap import replicas
from robustag.evaluation.data_verdicts import all_bins, data_verdicts
from robustag.evaluation.differences import Measurement
from robustag.evaluation.frontier import unlike
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.rates import clean_cuts, measure_rates
from robustag.evaluation.scale_factors import (
    LARGER,
    RATE,
    RATES,
    SMALLER,
    Uncertainty,
    changes_by_source,
    changes_of_rates,
    of_rates,
    resolved_sources,
    shown_rates,
)
from robustag.evaluation.settings import Evaluation
from robustag.evaluation.significance import answer, holm, level
from robustag.mismodelling.sources import Source
from robustag.tensors.split import mixed

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

COVERED, MISSED = "covers the truth", "misses the truth"

_COLUMNS = [
    *("model", *RATE, "flavour", "truth", "truth_error", "claimed", "claimed_error", "pull", "pull_error"),
    *("margin", "margin_error", "p", "answer"),
    *("difference", "difference_error", "p_difference", "against_nominal"),
]


def halves(data: "JetTensors", simulation: "JetTensors") -> tuple[np.ndarray, np.ndarray]:
    """Which jets of either are in its half of the collisions, bool [N] and [M]: other collisions each.

    Histograms of the same collisions differ by less than two samples do, and neither their floor nor their
    chi2 could be trusted.
    """
    of_data, of_other = (mixed(each.event.cpu().numpy()) >= 0 for each in (data, simulation))
    return of_data, ~of_other


def apart(data: "JetTensors", simulation: "JetTensors") -> tuple["JetTensors", "JetTensors"]:
    """The jets of either in its half of the collisions, so that they are independent (see `halves`)."""
    import torch

    of_data, of_simulation = map(torch.from_numpy, halves(data, simulation))
    return data.select(of_data), simulation.select(of_simulation)


def true_rates(
    logits: Mapping[float, np.ndarray], jets: Mapping[float, "JetTensors"], evaluation: Evaluation
) -> pd.DataFrame:
    """Rates of one model at cuts that are fixed on simulation.

    Parameters
    ----------
    logits : mapping of float to float [N, 3]
        Of simulation (0) and of the pseudo-data (`VARIED`).
    jets : mapping of float to JetTensors
    evaluation : Evaluation

    Returns
    -------
    DataFrame
        Rows as those of the metrics table, without intervals; replicates (float32 arrays) are paired with
        those of every other perturbation.
    """
    labels = {step: own.label.cpu().numpy() for step, own in jets.items()}
    weights = {step: own.event_weight.cpu().numpy() for step, own in jets.items()}
    cuts = clean_cuts(logits[0.0], labels[0.0], evaluation, weights[0.0])
    rows: list[dict[str, Any]] = []
    for step, own in jets.items():
        replicated = replicas(own.event.cpu().numpy(), weights[step], evaluation.bootstrap, evaluation.seed)
        measured, _ = measure_rates(logits[step], labels[step], replicated, evaluation, cuts)
        front = {"kind": "scenario", "perturbation": PSEUDO_DATA, "epsilon": step}
        rows += [front | row for row in measured if row["metric"] in RATES]
    table = pd.DataFrame(rows)
    return table.assign(replicates=[each.astype(np.float32) for each in table["replicates"]])


def calibrated(
    rates: pd.DataFrame,
    metrics: pd.DataFrame,
    uncertainties: pd.DataFrame,
    nominal: str,
    models: Sequence[str],
    discriminators: Sequence[str],
    sources: Mapping[str, Source],
    significance: float,
) -> pd.DataFrame:
    """The scale factors of the pseudo-data beside the uncertainty that is claimed without knowing them.

    A calibration that stays at simulation has scale factors of 1, with the uncertainty that
    `robustag.evaluation.scale_factors` gives from all sources with a significant effect.

    Parameters
    ----------
    rates : DataFrame
        The collected table of `true_rates`.
    metrics, nominal, models, discriminators, sources, significance
        As of `robustag.evaluation.frontier.uncertainties`.
    uncertainties : DataFrame
        From there.

    Returns
    -------
    DataFrame
        Columns model, the nominal one first, those of `RATE`, flavour; ``truth``: the true scale factor minus
        1; ``claimed``: its relative uncertainty; ``pull``: the former over the latter; ``margin``: the claim
        minus the size of the truth, ``p`` of it, and ``answer``: `COVERED` or `MISSED`; ``difference``: size
        of the truth of the nominal model minus that of the model, ``p_difference``, and ``against_nominal``:
        `SMALLER` or `LARGER`. Errors are over jets and trainings, which all have in common; p-values are
        corrected for the number of models and rates at one working point (Holm). Rates on which no source has
        a significant effect have no claim, and no row.
    """
    asked = shown_rates(discriminators)
    measured = Measurements(of_rates(rates, asked))
    resolved = resolved_sources(uncertainties)
    table: list[dict[str, Any]] = []
    for rate, changes in changes_of_rates(metrics, [nominal, *models], asked, sources, resolved):
        if not changes[nominal]:
            continue
        named = {name: rate[name] for name in RATE}
        truths = {
            model: measured.relative_change(model=model, perturbation=PSEUDO_DATA, epsilon=VARIED, **named)
            for model in changes
        }
        for model, own in changes.items():
            claim = Uncertainty.of(changes_by_source(own, sources)).linear
            difference = truths[nominal].magnitude - truths[model].magnitude
            table.append({"model": model, **rate} | _beside(truths[model], claim, difference))
    judged = pd.DataFrame(table, columns=_COLUMNS)
    judged.loc[judged["model"] == nominal, "p_difference"] = np.nan
    family = judged.groupby("working_point", sort=False)
    for p, word, distance, words in (
        ("p", "answer", "margin", (COVERED, MISSED)),
        ("p_difference", "against_nominal", "difference", (SMALLER, LARGER)),
    ):
        judged[p] = family[p].transform(holm)
        judged[word] = [
            answer(size, value, level(significance), *words)
            for size, value in judged[[distance, p]].to_numpy()
        ]
    return judged


def _beside(truth: Measurement, claim: Measurement, difference: Measurement) -> dict[str, float]:
    """Numbers of a row of `calibrated`; those of single trainings have no p-value."""
    margin = claim - truth.magnitude
    pull = truth.mean / claim.mean if claim.mean > 0 else float("nan")
    # How the ratio scatters about its value, to first order: claims of replicates may be nothing.
    scatter = Measurement(
        truth.seeds, truth.values - pull * claim.values, truth.replicates - pull * claim.replicates
    )
    return {
        "truth": truth.mean,
        "truth_error": truth.total,
        "claimed": claim.mean,
        "claimed_error": claim.total,
        "pull": pull,
        "pull_error": scatter.total / claim.mean if claim.mean > 0 else float("nan"),
        "margin": margin.mean,
        "margin_error": margin.total,
        "p": margin.p_over_trainings(),
        "difference": difference.mean,
        "difference_error": difference.total,
        "p_difference": difference.p_over_trainings(),
    }


def agreements(
    agreement: pd.DataFrame,
    nominal: str,
    models: Sequence[str],
    discriminators: Sequence[str],
    significance: float,
) -> pd.DataFrame:
    """How well the outputs of each model agree between pseudo-data and simulation.

    Parameters
    ----------
    agreement : DataFrame
        The collected table of `robustag.evaluation.agreement.compare`, of jets that are `apart`.
    nominal, models, discriminators, significance
        As of `calibrated`; of two discriminators that tell the same flavours apart the first counts.

    Returns
    -------
    DataFrame
        As of `robustag.evaluation.data_verdicts.data_verdicts` over all pT, with the name of the model for
        that of the pair (column ``model``) and ``trained`` for ``adversarial``; all models and discriminators
        are one family of tests.
    """
    pairs = [{"label": model, "nominal": nominal, "adversarial": model} for model in models]
    over_all = agreement[all_bins(agreement)]
    found = data_verdicts(over_all, pairs, unlike(discriminators), significance, together=True)
    return found.rename(columns=lambda name: name.replace("pair", "model").replace("adversarial", "trained"))
