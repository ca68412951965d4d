"""The exact receiver operating characteristic of one discriminator, under one or many sets of weights.

Conventions, the same for every number made here:

* A jet is tagged when its score is *above* the cut (strictly). Efficiency and mis-tag rate are weighted
  fractions of the tagged signal and background jets.
* The curve joins the points of all distinct scores by straight lines. Jets with equal scores thus form
  one slanted segment (as if a coin decided among them), and the area below it counts a tied pair as one half.
* At a given mis-tag rate the efficiency is the largest the curve reaches there, at a given efficiency the
  mis-tag rate is the smallest: on a step, the upper left corner.
* A set of weights whose sum over signal or background is not positive gives NaN.
* Weights of either sign are added up as they are, so a curve need not be monotone. Where a given rate is
  looked for, it is the first place, from the highest scores, at which the rate has been reached: its largest
  value so far (the monotone envelope) takes the place of the rate. The area needs no order of the rates.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from robustag.errors import InputError
from robustag.evaluation.kernels import at_groups, follow, sweep
from robustag.intervals import interval

_STRIDE = 128
"""Distinct scores between two places whose cumulative weights are kept."""

_ROUNDING = 1e-12
"""Relative slack for rate x total, so that 0.29 x 100 jets means 29 jets and not 28.999...96."""


class Ranking:
    """Signal and background jets sorted once by score; `weigh` may then be called for many weights.

    Parameters
    ----------
    signal, background : float [S], [B]
        Scores of the jets of each class.

    Raises
    ------
    InputError
        If one class is empty, or a score is NaN.
    """

    def __init__(self, signal: np.ndarray, background: np.ndarray) -> None:
        for name, score in (("signal", signal), ("background", background)):
            _check(name, score)
        together = np.concatenate([signal, background])
        self._order, self._descending = _ranked(together)
        self._signal = self._order < len(signal)
        # Groups of equal scores: where each ends, and its score.
        self._ends = _ends(self._descending)

    def weigh(self, signal: np.ndarray | None = None, background: np.ndarray | None = None) -> "Roc":
        """The curves under weights [S, R] and [B, R] in the caller's order; None: one each, R = 1."""
        given = [
            np.ones((of.sum(), 1), dtype=np.uint8) if weight is None else weight
            for weight, of in ((signal, self._signal), (background, ~self._signal))
        ]
        return self._roc(np.concatenate(given), self._order)

    def weigh_among(self, weights: np.ndarray, signal: np.ndarray, background: np.ndarray) -> "Roc":
        """The same under weights [N, R] of a sample that holds both classes, at positions [S] and [B]."""
        return self._roc(weights, np.concatenate([signal, background])[self._order])

    def _roc(self, weights: np.ndarray, order: np.ndarray) -> "Roc":
        return Roc(np.ascontiguousarray(weights), order, self._signal, self._ends, self._descending)


def cuts_at_mistag(
    background: np.ndarray, mistags: Sequence[float], weight: np.ndarray | None = None
) -> np.ndarray:
    """The lowest cuts whose mis-tag rates do not exceed `mistags`, float64 [M]; -inf where all jets may pass.

    Parameters
    ----------
    background : float [B]
        Scores.
    mistags : sequence of float [M]
    weight : float [B], optional
        One each if left out.

    Raises
    ------
    InputError
        If there is no jet, or a score is NaN.
    """
    _check("background", background)
    if weight is None:
        descending = np.sort(background)[::-1]
        ends = _ends(descending)
        passed = ends
    else:
        order, descending = _ranked(background)
        ends = _ends(descending)
        passed = np.cumsum(weight[order], dtype=np.float64)[ends - 1]
    target = np.asarray(mistags) * passed[-1] * (1 + _ROUNDING)
    # The first score at which each rate is exceeded; jets at it are not tagged.
    group = np.searchsorted(np.maximum.accumulate(np.maximum(passed, 0.0)), target, side="right")
    return np.append(descending[ends - 1], -np.inf)[group]


class Roc:
    """R exact curves over one ranking. Every result has the R curves as its last axis.

    Parameters
    ----------
    weights : [N, R]
        Of all jets, C-contiguous.
    order : int [K]
        Rows of the ranked jets, the highest score first.
    signal : bool [K]
        Which of the ranked jets are signal.
    ends : int [G]
        End of each group of equal scores.
    descending : float [K]
        Scores.
    """

    def __init__(
        self,
        weights: np.ndarray,
        order: np.ndarray,
        signal: np.ndarray,
        ends: np.ndarray,
        descending: np.ndarray,
    ) -> None:
        self._jets = weights, order, signal, ends, _STRIDE
        self._ascending = descending[ends - 1][::-1]
        negative = not np.issubdtype(weights.dtype, np.unsignedinteger) and bool((weights < 0).any())
        self._wrong, self._marks, self._highest = sweep(*self._jets, negative)
        self._background_total, self._signal_total = _positive(self._marks[:, -1])

    def auc(self) -> np.ndarray:
        """Area under the curve [R]: the weighted share of (signal, background) pairs in the right order,
        ties counting one half (Mann-Whitney)."""
        return 1 - self._wrong / (self._signal_total * self._background_total)

    def efficiency_at_mistag(self, mistag: np.ndarray) -> np.ndarray:
        """Largest efficiency [M, R] at the mis-tag rates [M]."""
        target = np.multiply.outer(mistag, self._background_total) * (1 + _ROUNDING)
        return self._follow(0, target, beyond=True) / self._signal_total

    def mistag_at_efficiency(self, efficiency: np.ndarray) -> np.ndarray:
        """Smallest mis-tag rate [E, R] at the efficiencies [E]."""
        target = np.multiply.outer(efficiency, self._signal_total) * (1 - _ROUNDING)
        return self._follow(1, target, beyond=False) / self._background_total

    def rates_at_cut(self, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted fractions [M, R] of signal and of background jets with a score above the cuts [M]."""
        groups = len(self._ascending) - np.searchsorted(self._ascending, cut, side="right")
        background, signal = at_groups(*self._jets, self._marks, groups)
        return signal / self._signal_total, background / self._background_total

    def _follow(self, own: int, target: np.ndarray, beyond: bool) -> np.ndarray:
        return follow(*self._jets, self._marks, self._highest, own, target, beyond)


class Area(NamedTuple):
    """An area under a curve, its 68 % interval, and its replicates float64 [R]."""

    value: float
    low: float
    high: float
    replicates: np.ndarray


def area(score: np.ndarray, signal: np.ndarray, background: np.ndarray, weights: np.ndarray) -> Area:
    """Area under the curve of some jets, and its bootstrap interval.

    Parameters
    ----------
    score : float [N]
    signal, background : int [S], [B]
        Positions of the jets of each class.
    weights : [N, 1 + R]
        `robustag.evaluation.bootstrap.replicas`.

    Raises
    ------
    InputError
        As `Ranking`.
    """
    ranking = Ranking(score[signal], score[background])
    aucs = ranking.weigh_among(weights, signal, background).auc()
    low, high = interval(aucs[1:])
    return Area(float(aucs[0]), float(low), float(high), aucs[1:])


def _check(name: str, score: np.ndarray) -> None:
    if score.size == 0:
        raise InputError(f"a ROC needs {name} jets, but there are none: use a sample with some")
    if np.isnan(score).any():
        jet = int(np.argmax(np.isnan(score)))
        raise InputError(f"{np.isnan(score).sum()} {name} scores are NaN, first at {name} jet {jet}")


def _ranked(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What sorts scores, the highest first, and the sorted scores."""
    order = np.argsort(-score)
    return order, score[order]


def _ends(descending: np.ndarray) -> np.ndarray:
    """First place after each group of equal scores, int64 [G]."""
    return np.append(np.flatnonzero(np.diff(descending)), len(descending) - 1) + 1


def _positive(total: np.ndarray) -> np.ndarray:
    return np.where(total > 0, total, np.nan)
