"""Areas, efficiencies and mis-tag rates of every discriminator, with their bootstrap replicates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustag.binomial import effective_number
from robustag.evaluation.bootstrap import chosen, own
from robustag.evaluation.discriminators import check_rankable, outputs
from robustag.evaluation.roc import Ranking, Roc, cuts_at_mistag
from robustag.evaluation.settings import Evaluation

EFFICIENCY_GRID = np.linspace(0.0, 1.0, 201)
"""Efficiencies at which the curves table gives the mis-tag rate."""


@dataclass(frozen=True)
class Cuts:
    """Working points of one model: the cut on the score of each (discriminator, mis-tag rate)."""

    score: Mapping[tuple[str, float], float]


def clean_cuts(
    logits: np.ndarray, label: np.ndarray, evaluation: Evaluation, weight: np.ndarray | None = None
) -> Cuts:
    """Fix the working points on a model's clean jets: for each mis-tag rate of the evaluation and each
    discriminator the lowest cut whose mis-tag rate does not exceed it.

    Parameters
    ----------
    logits : float [N, 3]
    label : int [N]
    evaluation : Evaluation
    weight : float [N], optional
        One each if left out.

    Raises
    ------
    InputError
        As `check_rankable`.
    """
    check_rankable(logits, label, weight)
    return Cuts(
        {
            (name, mistag): float(cut)
            for name, score, _, background in outputs(logits, label)
            for mistag, cut in zip(
                evaluation.mistags,
                cuts_at_mistag(score[background], evaluation.mistags, chosen(weight, background)),
                strict=True,
            )
        }
    )


def measure_rates(
    logits: np.ndarray, label: np.ndarray, weights: np.ndarray, evaluation: Evaluation, cuts: Cuts
) -> tuple[list[dict], pd.DataFrame]:
    """Rows of the metrics table without their intervals, and the curves table.

    Parameters
    ----------
    logits : float [N, 3]
    label : int [N]
    weights : [N, 1 + R]
        `robustag.evaluation.bootstrap.replicas`.
    evaluation : Evaluation
    cuts : Cuts
        Of the same model. They stay as they are in every replicate.
    """
    rows, curves, weight = [], {}, own(weights)

    def number(*jets: np.ndarray) -> float:
        together = np.concatenate(jets)
        return effective_number(chosen(weight, together), len(together))

    for name, score, signal, background in outputs(logits, label):
        ranking = Ranking(score[signal], score[background])
        quantities, values = _measure(
            ranking.weigh_among(weights, signal, background), name, evaluation, cuts
        )
        jets = {"fixed_cut_efficiency": number(signal), "fixed_cut_mistag": number(background)}
        both = number(signal, background)
        rows += [
            {
                "discriminator": name,
                "metric": metric,
                "working_point": working_point,
                "value": values[row, 0],
                "n": jets.get(metric, both),
                "replicates": values[row, 1:],
            }
            for row, (metric, working_point) in enumerate(quantities)
        ]
        nominal = ranking.weigh_among(weights[:, :1], signal, background)
        curves[name] = nominal.mistag_at_efficiency(EFFICIENCY_GRID)[:, 0]
    table = {
        "discriminator": np.repeat([*curves], len(EFFICIENCY_GRID)),
        "efficiency": np.tile(EFFICIENCY_GRID, len(curves)),
        "mistag": np.concatenate([*curves.values()]),
    }
    return rows, pd.DataFrame(table)


def _measure(
    roc: Roc, name: str, evaluation: Evaluation, cuts: Cuts
) -> tuple[list[tuple[str, float]], np.ndarray]:
    """The K quantities of one discriminator, as (metric, working point), and their values [K, R]."""
    efficiencies, mistags = evaluation.efficiencies, evaluation.mistags
    cut = np.array([cuts.score[name, mistag] for mistag in mistags])
    efficiency_at_cut, mistag_at_cut = roc.rates_at_cut(cut)
    measured = [
        ("auc", [np.nan], roc.auc()[None]),
        ("mistag_at_efficiency", efficiencies, roc.mistag_at_efficiency(np.array(efficiencies))),
        ("efficiency_at_mistag", mistags, roc.efficiency_at_mistag(np.array(mistags))),
        ("fixed_cut_efficiency", mistags, efficiency_at_cut),
        ("fixed_cut_mistag", mistags, mistag_at_cut),
    ]
    quantities = [(metric, float(point)) for metric, points, _ in measured for point in points]
    return quantities, np.vstack([values for _, _, values in measured])
