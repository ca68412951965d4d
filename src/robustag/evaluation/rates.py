"""Areas, efficiencies and mis-tag rates of every discriminator, with their bootstrap replicates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustag.binomial import effective_number
from robustag.evaluation.bootstrap import chosen, own
from robustag.evaluation.discriminators import check_rankable, outputs
from robustag.evaluation.roc import Ranking, Roc
from robustag.evaluation.settings import Evaluation

EFFICIENCY_GRID = np.linspace(0.0, 1.0, 201)
"""Efficiencies at which the curves table gives the mis-tag rate."""

_BLOCK_CELLS = 16_000_000


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
            (name, mistag): ranking.cut_at_mistag(mistag, chosen(weight, background))
            for name, ranking, _, background in _rankings(logits, label)
            for mistag in evaluation.mistags
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
    rows, curves, weight = [], [], own(weights)

    def number(*jets: np.ndarray) -> float:
        together = np.concatenate(jets)
        return effective_number(chosen(weight, together), len(together))

    for name, ranking, signal, background in _rankings(logits, label):
        nominal = ranking.weigh_among(weights[:, :1], signal, background)
        quantities, value = _measure(nominal, name, evaluation, cuts)
        replicates = np.hstack(
            [
                _measure(roc, name, evaluation, cuts)[1]
                for roc in _replicated(ranking, weights[:, 1:], signal, background)
            ]
        )
        jets = {"fixed_cut_efficiency": number(signal), "fixed_cut_mistag": number(background)}
        both = number(signal, background)
        rows += [
            {
                "discriminator": name,
                "metric": metric,
                "working_point": working_point,
                "value": value[row, 0],
                "n": jets.get(metric, both),
                "replicates": replicates[row],
            }
            for row, (metric, working_point) in enumerate(quantities)
        ]
        mistag = nominal.mistag_at_efficiency(EFFICIENCY_GRID)[:, 0]
        curves.append(pd.DataFrame({"discriminator": name, "efficiency": EFFICIENCY_GRID, "mistag": mistag}))
    return rows, pd.concat(curves, ignore_index=True)


def _rankings(logits: np.ndarray, label: np.ndarray) -> Iterator[tuple[str, Ranking, np.ndarray, np.ndarray]]:
    """Each discriminator ranked, with the positions of its signal and background jets."""
    for name, score, signal, background in outputs(logits, label):
        yield name, Ranking(score[signal], score[background]), signal, background


def _replicated(
    ranking: Ranking, weights: np.ndarray, signal: np.ndarray, background: np.ndarray
) -> Iterator[Roc]:
    """The curves of all replicates, in blocks whose cumulative sums stay small."""
    size = max(1, _BLOCK_CELLS // (len(signal) + len(background)))
    for start in range(0, weights.shape[1], size):
        yield ranking.weigh_among(weights[:, start : start + size], signal, background)


def _measure(
    roc: Roc, name: str, evaluation: Evaluation, cuts: Cuts
) -> tuple[list[tuple[str, float]], np.ndarray]:
    """The K quantities of one discriminator, as (metric, working point), and their values [K, R]."""
    efficiencies, mistags = evaluation.efficiencies, evaluation.mistags
    cut = np.array([cuts.score[name, mistag] for mistag in mistags])
    measured = [
        ("auc", [np.nan], roc.auc()[None]),
        ("mistag_at_efficiency", efficiencies, roc.mistag_at_efficiency(np.array(efficiencies))),
        ("efficiency_at_mistag", mistags, roc.efficiency_at_mistag(np.array(mistags))),
        ("fixed_cut_efficiency", mistags, roc.efficiency_at_cut(cut)),
        ("fixed_cut_mistag", mistags, roc.mistag_at_cut(cut)),
    ]
    quantities = [(metric, float(point)) for metric, points, _ in measured for point in points]
    return quantities, np.vstack([values for _, _, values in measured])
