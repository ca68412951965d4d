"""Histograms of scores and inputs by flavour. They are for shapes only: no ROC is made from them."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.bootstrap import chosen
from robustag.evaluation.discriminators import DISCRIMINATORS, discriminant, probabilities
from robustag.evaluation.kernels import histogram

BINS = 50
"""Bins of every histogram, as in the study (scores: 50 bins of 0.02)."""

#: Of one quantity its name, values [N], labels [N], weights [N] or None, and the range.
_Filled = tuple[str, np.ndarray, np.ndarray, np.ndarray | None, tuple[float, float]]


def score_histograms(logits: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> pd.DataFrame:
    """P(b), P(c), P(light) and the four discriminators in [0, 1], for jets of each flavour.

    Columns: quantity, flavour, low, high (bin edges), count (sum of weights; one each without). A
    discriminator is shown for all three flavours although its ROC uses two.
    """
    scores = {f"P({name})": column for name, column in zip(CLASSES, probabilities(logits).T, strict=True)}
    scores |= {d.name: discriminant(logits, d) for d in DISCRIMINATORS}
    return _table((name, score, label, weight, (0.0, 1.0)) for name, score in scores.items())


def input_histograms(
    values: Mapping[str, np.ndarray],
    missing: Mapping[str, np.ndarray],
    label: np.ndarray,
    ranges: Mapping[str, tuple[float, float]],
    weight: np.ndarray | None = None,
) -> pd.DataFrame:
    """Inputs in physical units, for jets of each flavour; columns as `score_histograms`.

    Missing entries and values outside the range are left out. A range that starts at a half-integer puts
    the values of an integer input inside bins, not on edges.

    Parameters
    ----------
    values, missing : mapping of input name to float [N], bool [N]
        Physical values, and which of them do not exist.
    label : int [N]
    ranges : mapping of input name to (low, high)
        The inputs to fill.
    weight : float [N], optional
        One each if left out.

    Raises
    ------
    InputError
        If a range is empty.
    """
    for name, (low, high) in ranges.items():
        if not low < high:
            raise InputError(f"histogram range of input '{name}' is [{low}, {high}]: give low < high")

    def filled() -> Iterator[_Filled]:
        for name, bounds in ranges.items():
            exists = ~missing[name]
            yield name, values[name][exists], label[exists], chosen(weight, exists), bounds

    return _table(filled())


def _table(quantities: Iterable[_Filled]) -> pd.DataFrame:
    """The histograms of all quantities, one table."""
    names, lows, highs, counts = [], [], [], []
    for name, values, label, weight, bounds in quantities:
        edges = np.linspace(*bounds, BINS + 1)
        each = np.ones(len(values)) if weight is None else weight.astype(np.float64, copy=False)
        count = histogram(values.astype(np.float64, copy=False), label, each, edges, len(CLASSES)).ravel()
        names.append(name)
        lows.append(np.tile(edges[:-1], len(CLASSES)))
        highs.append(np.tile(edges[1:], len(CLASSES)))
        counts.append(count.astype(np.int64) if weight is None else count)
    return pd.DataFrame(
        {
            "quantity": np.repeat(names, len(CLASSES) * BINS),
            "flavour": np.tile(np.repeat(CLASSES, BINS), len(names)),
            "low": np.concatenate(lows),
            "high": np.concatenate(highs),
            "count": np.concatenate(counts),
        }
    )
