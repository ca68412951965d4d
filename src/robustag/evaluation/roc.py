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

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from robustag.errors import InputError
from robustag.intervals import interval

_ROUNDING = 1e-12
"""Relative slack for rate x total, so that 0.29 x 100 jets means 29 jets and not 28.999...96."""


@dataclass(frozen=True)
class _Class:
    """The jets of one class, highest score first, beside those of the other class.

    `order` sorts the caller's jets; `above` and `reached` are, for each jet, how many jets of the *other*
    class have a larger, and a larger or equal, score; `first` and `last` bound the jets of this class that
    tie with it (`last` exclusive). All [n].
    """

    order: np.ndarray
    ascending: np.ndarray
    above: np.ndarray
    reached: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def rank(cls, score: np.ndarray, other_ascending: np.ndarray) -> "_Class":
        order = np.argsort(-score, kind="stable")
        descending = score[order]
        ascending = descending[::-1]
        return cls(
            order,
            ascending,
            above=other_ascending.size - np.searchsorted(other_ascending, descending, side="right"),
            reached=other_ascending.size - np.searchsorted(other_ascending, descending, side="left"),
            first=descending.size - np.searchsorted(ascending, descending, side="right"),
            last=descending.size - np.searchsorted(ascending, descending, side="left"),
        )


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
            if score.size == 0:
                raise InputError(f"a ROC needs {name} jets, but there are none: use a sample with some")
            if np.isnan(score).any():
                jet = int(np.argmax(np.isnan(score)))
                raise InputError(f"{np.isnan(score).sum()} {name} scores are NaN, first at {name} jet {jet}")
        self.signal = _Class.rank(signal, np.sort(background))
        self.background = _Class.rank(background, np.sort(signal))

    def weigh(self, signal: np.ndarray | None = None, background: np.ndarray | None = None) -> "Roc":
        """The curves under weights [S, R] and [B, R] in the caller's order; None: one each, R = 1."""
        return Roc(self, _cumulate(signal, self.signal), _cumulate(background, self.background))

    def weigh_among(self, weights: np.ndarray, signal: np.ndarray, background: np.ndarray) -> "Roc":
        """The same under weights [N, R] of a sample that holds both classes, at positions [S] and [B]."""
        return Roc(
            self,
            _cumulate(weights, self.signal, signal[self.signal.order]),
            _cumulate(weights, self.background, background[self.background.order]),
        )

    def cut_at_mistag(self, mistag: float, weight: np.ndarray | None = None) -> float:
        """The lowest cut whose mis-tag rate does not exceed `mistag` (-inf if all may pass).

        weight: of the background jets [B] in the caller's order; None: one each.
        """
        cumulative = _cumulate(None if weight is None else weight[:, None], self.background)
        target = mistag * cumulative[0, -1] * (1 + _ROUNDING)
        passing = np.searchsorted(_rising(cumulative, self.background)[0], target, side="right") - 1
        if passing >= self.background.order.size:
            return -np.inf
        return float(self.background.ascending[-1 - passing])


def _cumulate(weight: np.ndarray | None, ranked: _Class, rows: np.ndarray | None = None) -> np.ndarray:
    """Weight of the k highest-scored jets for k = 0..n, [R, n + 1]; exact for integer weights, int32.

    Their weights stand at `rows`, the highest-scored first, or in the caller's order.
    """
    jets = ranked.order.size
    if weight is None:
        return np.arange(jets + 1, dtype=np.int32)[None]
    exact = np.issubdtype(weight.dtype, np.integer)
    cumulative = np.zeros((weight.shape[1], jets + 1), dtype=np.int32 if exact else np.float64)
    # One curve after the other: several times faster than all curves jet by jet.
    descending = np.take(weight.T, ranked.order if rows is None else rows, axis=1)
    np.cumsum(descending, axis=1, dtype=cumulative.dtype, out=cumulative[:, 1:])
    return cumulative


def _rising(cumulative: np.ndarray, ranked: _Class) -> np.ndarray:
    """Largest cumulative weight so far at the distinct scores; without negative weights as it was."""
    if np.issubdtype(cumulative.dtype, np.integer) or (cumulative[:, 1:] >= cumulative[:, :-1]).all():
        return cumulative
    rising = np.zeros_like(cumulative)
    np.maximum.accumulate(np.maximum(cumulative[:, ranked.last], 0.0), axis=1, out=rising[:, 1:])
    return rising


class Roc:
    """R exact curves over one ranking. Every result has the R curves as its last axis."""

    def __init__(self, ranking: Ranking, signal: np.ndarray, background: np.ndarray) -> None:
        self._ranking = ranking
        self._signal = signal
        self._background = background
        self._signal_total = _positive(signal[:, -1])
        self._background_total = _positive(background[:, -1])

    def auc(self) -> np.ndarray:
        """Area under the curve [R]: the weighted share of (signal, background) pairs in the right order,
        ties counting one half (Mann-Whitney)."""
        ranked = self._ranking.signal
        weight = np.diff(self._signal, axis=1)
        wrong = _dot(weight, np.take(self._background, ranked.above, axis=1))
        if not np.array_equal(ranked.above, ranked.reached):
            wrong = (wrong + _dot(weight, np.take(self._background, ranked.reached, axis=1))) / 2
        return 1 - wrong / (self._signal_total * self._background_total)

    def efficiency_at_mistag(self, mistag: np.ndarray) -> np.ndarray:
        """Largest efficiency [M, R] at the mis-tag rates [M]."""
        target = np.multiply.outer(mistag, self._background_total) * (1 + _ROUNDING)
        passed = _follow(self._background, self._signal, self._ranking.background, target, beyond=True)
        return passed / self._signal_total

    def mistag_at_efficiency(self, efficiency: np.ndarray) -> np.ndarray:
        """Smallest mis-tag rate [E, R] at the efficiencies [E]."""
        target = np.multiply.outer(efficiency, self._signal_total) * (1 - _ROUNDING)
        passed = _follow(self._signal, self._background, self._ranking.signal, target, beyond=False)
        return passed / self._background_total

    def efficiency_at_cut(self, cut: np.ndarray) -> np.ndarray:
        """Weighted fraction [M, R] of signal jets with a score above the cuts [M]."""
        return _tagged(self._signal, self._ranking.signal, cut) / self._signal_total

    def mistag_at_cut(self, cut: np.ndarray) -> np.ndarray:
        """Weighted fraction [M, R] of background jets with a score above the cuts [M]."""
        return _tagged(self._background, self._ranking.background, cut) / self._background_total


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


def _positive(total: np.ndarray) -> np.ndarray:
    return np.where(total > 0, total, np.nan)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar product of each row [R], in float64: integers stay exact, and do not overflow."""
    return np.array([x.astype(np.float64) @ y.astype(np.float64) for x, y in zip(a, b, strict=True)])


def _tagged(cumulative: np.ndarray, ranked: _Class, cut: np.ndarray) -> np.ndarray:
    return cumulative[:, ranked.order.size - np.searchsorted(ranked.ascending, cut, side="right")].T


def _follow(
    own: np.ndarray, other: np.ndarray, ranked: _Class, target: np.ndarray, beyond: bool
) -> np.ndarray:
    """Weight of the other class [M, R] where the curve meets the own-class weight `target` [M, R].

    The jet at which the own cumulative weight first exceeds (`beyond`) or reaches the target gives the
    score; within its tie the other class enters in proportion.
    """
    own = _rising(own, ranked)
    curve = np.arange(own.shape[0])
    crossing = _bisect(own, target, beyond)
    exhausted = crossing == own.shape[1]
    jet = np.clip(crossing - 1, 0, ranked.order.size - 1)
    start, stop = own[curve, ranked.first[jet]], own[curve, ranked.last[jet]]
    share = np.clip((target - start) / np.where(stop > start, stop - start, 1.0), 0.0, 1.0)
    above, reached = other[curve, ranked.above[jet]], other[curve, ranked.reached[jet]]
    met = np.where(exhausted, other[:, -1], np.where(crossing == 0, 0.0, above + share * (reached - above)))
    return np.where(np.isnan(target), np.nan, met)


def _bisect(cumulative: np.ndarray, target: np.ndarray, beyond: bool) -> np.ndarray:
    """First column of each row of `cumulative` [R, n] that is > (or >=) `target` [M, R]; n if none is."""
    curve, columns = np.arange(cumulative.shape[0]), cumulative.shape[1]
    low = np.zeros(target.shape, dtype=np.intp)
    high = np.full(target.shape, columns, dtype=np.intp)
    compare = np.greater if beyond else np.greater_equal
    for _ in range(columns.bit_length()):
        open_ = low < high
        middle = (low + high) // 2
        above = compare(cumulative[curve, np.minimum(middle, columns - 1)], target)
        high = np.where(open_ & above, middle, high)
        low = np.where(open_ & ~above, middle + 1, low)
    return low
