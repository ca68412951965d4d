"""How far the outputs of a tagger have to move from one sample to another: what a calibration has to do.

Probabilities of three classes are a point of a simplex, on which Aitchison's geometry measures distances:
only ratios of probabilities matter, and those near 0 and 1 are as far apart as anywhere else (J. Aitchison,
The Statistical Analysis of Compositional Data, 1986). Calibrations by optimal transport there:
arXiv:2507.08867, arXiv:2605.01363.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.evaluation.assess import AssessedJets
from robustag.evaluation.calibration import ALL
from robustag.evaluation.kernels import quantiles, weighted_sums
from robustag.intervals import corrected, interval

TRANSPORT, SPREAD = "transport", "output_spread"

_BASIS = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]]) / np.sqrt([[2.0], [6.0]])
_DIRECTIONS = 4
"""Angles between 0 and pi; from two on, the mean over them is exact for shifts."""
_LEVELS = (np.arange(256) + 0.5) / 256


def log_ratios(logits: np.ndarray) -> np.ndarray:
    """Isometric log-ratio coordinates of softmax outputs, float64 [N, 2], from logits [N, 3].

    Their Euclidean distance is Aitchison's distance of the probabilities. From logits they are exact where
    probabilities have rounded to 0 or 1.

    Source: J. J. Egozcue et al., Math. Geol. 35 (2003) 279.
    """
    return logits.astype(np.float64) @ _BASIS.T


class Outputs:
    """The outputs of a tagger on one sample.

    Parameters
    ----------
    logits : float [N, 3]
    jets : AssessedJets
    """

    def __init__(self, logits: np.ndarray, jets: AssessedJets) -> None:
        self._points, self._jets = log_ratios(logits), jets

    def transport(self, varied: "Outputs") -> pd.DataFrame:
        """Squared distance over which outputs of each flavour are transported to those of a varied sample.

        Jets of one event have the same weights in both samples, so that noise which both have cancels.

        Returns
        -------
        DataFrame
            Rows of the metrics table, one for each flavour: twice the mean over directions of the squared
            2-Wasserstein distance of the `log_ratios` along it (sliced: N. Bonneel et al., J. Math. Imaging
            Vis. 51 (2015) 22), between quantiles at 256 levels. It is that in two dimensions where a
            distribution is shifted, or widened alike in all directions, and never larger. Noise alone makes
            distances: what the bootstrap finds of that is taken away, so that a small one may come out below
            zero.
        """
        rows = []
        for flavour, name in enumerate(CLASSES):
            before, after = self._quantiles[flavour], varied._quantiles[flavour]
            found = 2.0 * np.square(after - before).mean(axis=(0, 2))
            value, low, high = corrected(found[0], found[1:])
            # Replicates are farther off than the value by as much as that is by itself.
            replicates = found[1:] + 2.0 * (value - found[0])
            number = int((varied._jets.label == flavour).sum())
            rows.append(_row(name, TRANSPORT, value, low, high, number, replicates))
        return pd.DataFrame(rows)

    def spread(self) -> pd.DataFrame:
        """Total variance of the `log_ratios` over all jets: the unit to compare taggers in.

        A tagger that is surer of everything has larger distances, whatever its calibration: `transport` over
        this does not depend on a factor in front of the logits.

        Returns
        -------
        DataFrame
            One row of the metrics table.
        """
        points, number = self._points, len(self._points)
        moments = np.stack([np.ones(number), *points.T, np.square(points).sum(axis=1)])
        cells = np.repeat(np.arange(len(moments))[:, None], number, axis=1)
        weights = np.ascontiguousarray(self._jets.weights)
        total, first, second, square = weighted_sums(weights, cells, moments, len(moments))
        with np.errstate(invalid="ignore"):
            found = square / total - (first**2 + second**2) / total**2
        low, high = interval(found[1:])
        return pd.DataFrame([_row(ALL, SPREAD, found[0], low, high, number, found[1:])])

    @cached_property
    def _quantiles(self) -> list[np.ndarray]:
        """Of each flavour along every direction, in each replicate, at all levels [D, 1 + R, K]."""
        angles = np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
        along = np.ascontiguousarray((self._points @ np.array([np.cos(angles), np.sin(angles)])).T)
        found = []
        for flavour in range(len(CLASSES)):
            jets = np.flatnonzero(self._jets.label == flavour)
            # One replicate after the other is faster.
            weights = np.ascontiguousarray(self._jets.weights[jets].T)
            orders = [(values[jets], np.argsort(values[jets])) for values in along]
            found.append(np.stack([quantiles(values, weights, order, _LEVELS) for values, order in orders]))
        return found


def _row(
    discriminator: str,
    metric: str,
    value: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    number: int,
    replicates: np.ndarray,
) -> dict:
    return {
        **{"discriminator": discriminator, "metric": metric, "working_point": np.nan},
        **{"value": float(value), "low": float(low), "high": float(high), "n": number},
        "replicates": replicates.astype(np.float32),
    }
