"""The tables of one sample: metrics with bootstrap replicates, ROC curves, score histograms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from robustag.errors import InputError
from robustag.evaluation.bootstrap import event_weights
from robustag.evaluation.discriminators import DISCRIMINATORS, Discriminator, check_logits, log_odds
from robustag.evaluation.histograms import score_histograms
from robustag.evaluation.roc import Ranking, Roc
from robustag.files import written_whole

EFFICIENCY_GRID = np.linspace(0.0, 1.0, 201)
"""Efficiencies at which the curves table gives the mis-tag rate."""

_INTERVAL = (15.865, 84.135)
_BLOCK_CELLS = 8_000_000
_BLOCK_REPLICATES = 32


@dataclass(frozen=True)
class Cuts:
    """Working points of one model: the cut on ln(P_s / P_b) of each (discriminator, mis-tag rate)."""

    log_odds: Mapping[tuple[str, float], float]


@dataclass(frozen=True)
class Assessment:
    """Three tables that belong together.

    Attributes
    ----------
    metrics : DataFrame
        discriminator, metric, working_point, value, low, high (68 % bootstrap interval), n, replicates
        (float32 arrays).
    curves : DataFrame
        discriminator, efficiency, mistag.
    histograms : DataFrame
        quantity, flavour, low, high, count.
    """

    metrics: pd.DataFrame
    curves: pd.DataFrame
    histograms: pd.DataFrame

    def labelled(self, kind: str, perturbation: str, epsilon: float) -> "Assessment":
        """The same tables with the columns kind, perturbation and epsilon in front."""
        front = {"kind": kind, "perturbation": perturbation, "epsilon": float(epsilon)}
        return Assessment(
            *(
                pd.concat([pd.DataFrame(front, index=table.index), table], axis=1)
                for table in (self.metrics, self.curves, self.histograms)
            )
        )

    def save(self, metrics: str | Path, curves: str | Path, histograms: str | Path) -> None:
        """Write the three tables as parquet."""
        for table, path in ((self.metrics, metrics), (self.curves, curves), (self.histograms, histograms)):
            with written_whole(path) as temporary:
                table.to_parquet(temporary, index=False)

    @classmethod
    def concatenate(cls, parts: list["Assessment"]) -> "Assessment":
        """All rows of all parts, in order."""
        return cls(
            **{
                field.name: pd.concat([getattr(part, field.name) for part in parts], ignore_index=True)
                for field in fields(cls)
            }
        )


def clean_cuts(logits: np.ndarray, label: np.ndarray, settings: Mapping) -> Cuts:
    """Fix the working points on a model's clean jets: for each of settings["mistags"] and each
    discriminator the lowest cut whose mis-tag rate does not exceed it.

    Raises
    ------
    InputError
        As `check_logits`.
    """
    check_logits(logits, label)
    return Cuts(
        {
            (discriminator.name, mistag): ranking.cut_at_mistag(mistag)
            for discriminator, ranking, _, _ in _rankings(logits, label)
            for mistag in settings["mistags"]
        }
    )


def assess(
    logits: np.ndarray,
    label: np.ndarray,
    event: np.ndarray,
    settings: Mapping,
    cuts: Cuts | None,
    weights: np.ndarray | None = None,
) -> Assessment:
    """Measure one model on one sample. Jets count one each, as in the study; only the bootstrap weighs them.

    Parameters
    ----------
    logits : float [N, 3]
    label : int [N]
        0 = b, 1 = c, 2 = light.
    event : int64 [N]
        Event key, the unit of the bootstrap.
    settings : mapping
        bootstrap (number of replicates), seed, efficiencies, mistags.
    cuts : Cuts or None
        Working points of the same model from `clean_cuts`; gives the fixed_cut rows. The cuts stay as they
        are in every replicate.
    weights : uint8 [N, replicates], optional
        `event_weights` of these jets, if the caller has them already.

    Returns
    -------
    Assessment
        In the metrics, `n` counts the jets that enter: signal and background, or one of them for a
        fixed-cut rate. A replicate in which a class got no weight is NaN and is left out of the interval.

    Raises
    ------
    InputError
        As `check_logits`, and for fewer than two replicates.
    """
    check_logits(logits, label)
    if settings["bootstrap"] < 2:
        raise InputError(f"bootstrap is {settings['bootstrap']}: an error needs at least 2 replicates")
    if weights is None:
        weights = event_weights(event, settings["bootstrap"], settings["seed"])
    rows, curves = [], []
    for discriminator, ranking, signal, background in _rankings(logits, label):
        nominal = ranking.weigh()
        quantities, value = _measure(nominal, discriminator, settings, cuts)
        replicates = np.hstack(
            [
                _measure(roc, discriminator, settings, cuts)[1]
                for roc in _replicated(ranking, weights[signal], weights[background])
            ]
        )
        low, high = np.nanpercentile(replicates, _INTERVAL, axis=1)
        jets = {"fixed_cut_efficiency": len(signal), "fixed_cut_mistag": len(background)}
        for row, (metric, working_point) in enumerate(quantities):
            rows.append(
                {
                    "discriminator": discriminator.name,
                    "metric": metric,
                    "working_point": working_point,
                    "value": value[row, 0],
                    "low": low[row],
                    "high": high[row],
                    "n": jets.get(metric, len(signal) + len(background)),
                    "replicates": replicates[row].astype(np.float32),
                }
            )
        mistag = nominal.mistag_at_efficiency(EFFICIENCY_GRID)[:, 0]
        curves.append(
            pd.DataFrame(
                {"discriminator": discriminator.name, "efficiency": EFFICIENCY_GRID, "mistag": mistag}
            )
        )
    return Assessment(
        pd.DataFrame(rows), pd.concat(curves, ignore_index=True), score_histograms(logits, label)
    )


def _rankings(
    logits: np.ndarray, label: np.ndarray
) -> Iterator[tuple[Discriminator, Ranking, np.ndarray, np.ndarray]]:
    """Each discriminator ranked on its two flavours, with the positions of signal and background jets."""
    jets = [np.flatnonzero(label == flavour) for flavour in range(logits.shape[1])]
    for discriminator in DISCRIMINATORS:
        score = log_odds(logits, discriminator)
        signal, background = jets[discriminator.signal], jets[discriminator.background]
        yield discriminator, Ranking(score[signal], score[background]), signal, background


def _replicated(ranking: Ranking, signal: np.ndarray, background: np.ndarray) -> Iterator[Roc]:
    """The curves of all replicates, in blocks whose cumulative sums stay small."""
    replicates = signal.shape[1]
    size = min(_BLOCK_REPLICATES, max(1, _BLOCK_CELLS // (len(signal) + len(background))))
    for start in range(0, replicates, size):
        block = slice(start, start + size)
        yield ranking.weigh(signal[:, block], background[:, block])


def _measure(
    roc: Roc, discriminator: Discriminator, settings: Mapping, cuts: Cuts | None
) -> tuple[list[tuple[str, float]], np.ndarray]:
    """The K quantities of one discriminator, as (metric, working point), and their values [K, R]."""
    efficiencies, mistags = settings["efficiencies"], settings["mistags"]
    measured = [
        ("auc", [np.nan], roc.auc()[None]),
        ("mistag_at_efficiency", efficiencies, roc.mistag_at_efficiency(np.array(efficiencies))),
        ("efficiency_at_mistag", mistags, roc.efficiency_at_mistag(np.array(mistags))),
    ]
    if cuts is not None:
        cut = np.array([cuts.log_odds[discriminator.name, mistag] for mistag in mistags])
        measured += [
            ("fixed_cut_efficiency", mistags, roc.efficiency_at_cut(cut)),
            ("fixed_cut_mistag", mistags, roc.mistag_at_cut(cut)),
        ]
    quantities = [(metric, float(point)) for metric, points, _ in measured for point in points]
    return quantities, np.vstack([values for _, _, values in measured])
