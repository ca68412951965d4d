"""Pseudo-data: does the uncertainty that is claimed for a calibration cover what is true?

In a pseudo-experiment the nuisance of every source is a normal number, and rates are those that the
perturbations of the sources give together. The calibration knows nothing of that: its scale factors are 1,
and their uncertainty is the claim of `robustag.evaluation.scale_factors`, a quadratic sum in which rates are
linear in nuisances. The world has the rates of the test jets as they were measured; a claim is made from a
bootstrap sample of them, as by somebody who has so many simulated jets.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from robustag.evaluation.differences import Measurement
from robustag.evaluation.scale_factors import (
    RATE,
    changes_of_rates,
    resolved_sources,
    shown_rates,
)
from robustag.evaluation.significance import answer, holm, level, p_value
from robustag.hashing import splitmix64
from robustag.intervals import PERCENTILES
from robustag.mismodelling.sources import Source

#: Pseudo-experiments: the error of a coverage of 68 % is then 0.3 %.
EXPERIMENTS = 20_000
#: How rates depend on nuisances in the world: as the claim has it, or by factors that multiply and are right
#: at the strength that was simulated (the exponential interpolation of HistFactory, CERN-OPEN-2012-016).
LINEAR, EXPONENTIAL = "linear", "exponential"
#: What makes the world and not the claim: no source, or each one in turn, of which this is the mean.
NOTHING, EACH = "nothing", "each source in turn"
UNDER, OVER = "covers too seldom", "covers too often"
#: What intervals of one and of two standard deviations should cover.
CONTENTS = tuple(1.0 - level(deviations) for deviations in (1.0, 2.0))

_COLUMNS = [
    *("model", *RATE, "flavour", "truth", "held_back", "claimed", "claimed_error"),
    *("coverage", "coverage_error", "coverage_two", "coverage_two_error", "binomial"),
    *("pull_mean", "pull_width", "pull_width_error", "p", "answer"),
    *("difference", "difference_error", "p_difference", "against_nominal"),
]


def coverage(
    metrics: pd.DataFrame,
    uncertainties: pd.DataFrame,
    nominal: str,
    models: Sequence[str],
    discriminators: Sequence[str],
    sources: Mapping[str, Source],
    significance: float,
    seed: int,
    experiments: int = EXPERIMENTS,
) -> pd.DataFrame:
    """How often the truth lies within the claimed uncertainty of each way of training.

    Parameters
    ----------
    metrics, nominal, models, discriminators, sources, significance
        As of `robustag.evaluation.frontier.uncertainties`.
    uncertainties : DataFrame
        From there. The sources that it calls resolved make the world and the claims; the measured changes
        of the others are noise.
    seed : int
        Of the pseudo-experiments, which are the same for all models, rates and claims.
    experiments : int

    Returns
    -------
    DataFrame
        Columns model, the nominal one first, those of `RATE`, flavour; ``truth``: `LINEAR` or `EXPONENTIAL`;
        ``held_back``: the source that makes the world and not the claim, `NOTHING` or `EACH`; ``claimed``,
        relative uncertainty, ``coverage`` and ``coverage_two``, shares of pseudo-experiments within one and
        two of it, each with its error over jets and trainings, and ``binomial``, the error of the coverage
        from the number of pseudo-experiments; ``pull_mean`` and ``pull_width``, half of the central 68 %, in
        units of the claim; ``p`` that the coverage is that of one standard deviation, and ``answer``, `UNDER`
        or `OVER`; ``difference``, coverage minus that of the nominal model, with its error and
        ``p_difference``, and ``against_nominal``, `OVER` or `UNDER` it. P-values are corrected for the number
        of models and rates at one working point, of one truth and with one source held back (Holm).
    """
    resolved = resolved_sources(uncertainties)
    world = _World.drawn(sorted({source.name for source in sources.values()}), seed, experiments)
    table: list[dict[str, Any]] = []
    rates = shown_rates(discriminators)
    for rate, changes in changes_of_rates(metrics, [nominal, *models], rates, sources, resolved):
        effects = {model: _by_source(of_model, sources) for model, of_model in changes.items()}
        if not effects[nominal]:
            continue
        for truth in (LINEAR, EXPONENTIAL):
            found = {model: _closures(effect, world, truth) for model, effect in effects.items()}
            table += [
                {"model": model, **rate, "truth": truth, "held_back": held_back}
                | closure.columns(found[nominal][held_back], experiments)
                for model, closures in found.items()
                for held_back, closure in closures.items()
            ]
    judged = pd.DataFrame(table, columns=_COLUMNS)
    judged.loc[judged["model"] == nominal, "p_difference"] = np.nan
    family = judged.groupby(["working_point", "truth", "held_back"], sort=False)
    for p, word, distances in (
        ("p", "answer", judged["coverage"] - CONTENTS[0]),
        ("p_difference", "against_nominal", judged["difference"]),
    ):
        judged[p] = family[p].transform(holm)
        judged[word] = [
            answer(distance, value, level(significance), OVER, UNDER)
            for distance, value in zip(distances, judged[p], strict=True)
        ]
    return judged


class _World(NamedTuple):
    """Of every source [E]: its nuisance, and where in [0, 1) stands which of its perturbations is true."""

    nuisance: Mapping[str, np.ndarray]
    choice: Mapping[str, np.ndarray]

    @classmethod
    def drawn(cls, sources: Sequence[str], seed: int, experiments: int) -> "_World":
        uniform = [_uniform(seed, stream, experiments) for stream in range(2 * len(sources))]
        nuisance = {name: ndtri(each) for name, each in zip(sources, uniform[0::2], strict=True)}
        return cls(nuisance, dict(zip(sources, uniform[1::2], strict=True)))


def _uniform(seed: int, stream: int, number: int) -> np.ndarray:
    """Numbers in (0, 1), float64 [number], each a function of its place."""
    start = splitmix64(splitmix64(np.array([seed % 2**64], dtype=np.uint64)) + np.uint64(stream))
    words = splitmix64(start ^ np.arange(number, dtype=np.uint64))
    return ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


class _Effect(NamedTuple):
    """What a perturbation does to a rate, and of how many standard deviations it is."""

    change: Measurement
    sigma: float


def _by_source(changes: Mapping[str, Measurement], sources: Mapping[str, Source]) -> dict[str, list[_Effect]]:
    """The effects of each source."""
    found: dict[str, list[_Effect]] = {}
    for name, change in changes.items():
        found.setdefault(sources[name].name, []).append(_Effect(change, sources[name].sigma))
    return found


class _Closure(NamedTuple):
    """How one way of training fares against one claim: numbers of `coverage`."""

    claimed: Measurement
    one: Measurement
    two: Measurement
    mean: Measurement
    width: Measurement

    def columns(self, nominal: "_Closure", experiments: int) -> dict[str, float]:
        """Those of `coverage`, beside another one."""
        difference = self.one - nominal.one
        binomial, theirs = (
            float(np.sqrt(share * (1.0 - share) / experiments)) for share in (self.one.mean, nominal.one.mean)
        )
        return {
            "claimed": self.claimed.mean,
            "claimed_error": self.claimed.total,
            "coverage": self.one.mean,
            "coverage_error": self.one.total,
            "coverage_two": self.two.mean,
            "coverage_two_error": self.two.total,
            "binomial": binomial,
            "pull_mean": self.mean.mean,
            "pull_width": self.width.mean,
            "pull_width_error": self.width.total,
            "p": _p_value(self.one, self.one.mean - CONTENTS[0], binomial),
            "difference": difference.mean,
            "difference_error": difference.total,
            "p_difference": _p_value(difference, difference.mean, np.hypot(binomial, theirs)),
        }


def _p_value(measured: Measurement, distance: float, binomial: float) -> float:
    """Of a distance, with the error of the number of pseudo-experiments; NaN for a single training."""
    if len(measured.seeds) == 1:
        return float("nan")
    statistical = np.hypot(measured.statistical, binomial)
    return float(p_value(distance, statistical, measured.freedom, measured.seed, len(measured.seeds)))


def _closures(effects: Mapping[str, Sequence[_Effect]], world: _World, truth: str) -> dict[str, _Closure]:
    """By what is held back."""
    seeds = next(iter(effects.values()))[0].change.seeds
    changes = sum(_true_effect(own, world, source, truth) for source, own in effects.items())
    changes = np.asarray(changes if truth == LINEAR else np.expm1(changes))
    size = np.sort(np.abs(changes), axis=1)
    low, high = np.percentile(changes, PERCENTILES, axis=1)
    squares = {source: _claimed_square(own) for source, own in effects.items()}
    total = np.sum(list(squares.values()), axis=0)

    def closure(square: np.ndarray) -> _Closure:
        # First the typical claim, whose pulls are the value, then that of each bootstrap sample.
        each = np.column_stack([_known_mean(square), square])
        claim = np.sqrt(np.maximum(each, 0.0))
        one, two = (_share_within(size, factor * claim[:, 1:]) for factor in (1.0, 2.0))
        pulls = [
            np.divide(number[:, None], claim, out=np.full_like(claim, np.nan), where=claim > 0)
            for number in (changes.mean(axis=1), (high - low) / 2.0)
        ]
        return _Closure(
            Measurement(seeds, claim[:, 0], claim[:, 1:]),
            *(Measurement(seeds, _known_mean(share), share) for share in (one, two)),
            *(Measurement(seeds, pull[:, 0], pull[:, 1:]) for pull in pulls),
        )

    alone = {source: closure(total - own) for source, own in squares.items()}
    return {NOTHING: closure(total), **alone, EACH: _average(list(alone.values()))}


def _true_effect(effects: Sequence[_Effect], world: _World, source: str, truth: str) -> np.ndarray:
    """What one source does to a rate in every pseudo-experiment [S, E], or to its logarithm."""
    chosen = (world.choice[source] * len(effects)).astype(np.intp)
    whole = np.stack([each.change.values for each in effects], axis=1)
    if truth == EXPONENTIAL:
        # No factor takes all of a rate away.
        whole = np.log1p(np.where(whole > -1.0, whole, np.nan))
    slopes = whole / np.array([each.sigma for each in effects])
    return slopes[:, chosen] * world.nuisance[source]


def _claimed_square(effects: Sequence[_Effect]) -> np.ndarray:
    """The part of one source in the square of a claim [S, R], as of `robustag.evaluation.scale_factors`."""
    slopes = np.stack([each.change.replicates / each.sigma for each in effects])
    return np.mean(slopes**2 - np.nanvar(slopes, axis=2, ddof=1, keepdims=True), axis=0)


def _share_within(size: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Of each row of sorted sizes [S, E], the share up to bounds [S, R]; NaN where either is no number."""
    found = np.stack([np.searchsorted(row, own, side="right") for row, own in zip(size, bounds, strict=True)])
    known = np.isfinite(size[:, -1:]) & np.isfinite(bounds)
    return np.where(known, found / size.shape[1], np.nan)


def _known_mean(replicates: np.ndarray) -> np.ndarray:
    """Mean of replicates [S, R] that are numbers [S]; NaN if none is."""
    known = np.isfinite(replicates)
    number = known.sum(axis=1)
    total = np.where(known, replicates, 0.0).sum(axis=1)
    return np.divide(total, number, out=np.full(len(number), np.nan), where=number > 0)


def _average(closures: Sequence[_Closure]) -> _Closure:
    return _Closure(
        *(
            Measurement(
                several[0].seeds,
                np.mean([each.values for each in several], axis=0),
                np.mean([each.replicates for each in several], axis=0),
            )
            for several in zip(*closures, strict=True)
        )
    )
