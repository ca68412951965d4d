"""Histograms of scores and inputs by flavour. They are for shapes only: no ROC is made from them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.bootstrap import chosen
from robustag.evaluation.discriminators import DISCRIMINATORS, discriminant, probabilities

BINS = 50
"""Bins of every histogram, as in the study (scores: 50 bins of 0.02)."""


def score_histograms(logits: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> pd.DataFrame:
    """P(b), P(c), P(light) and the four discriminators in [0, 1], for jets of each flavour.

    Columns: quantity, flavour, low, high (bin edges), count (sum of weights; one each without). A
    discriminator is shown for all three flavours although its ROC uses two.
    """
    scores = {f"P({name})": column for name, column in zip(CLASSES, probabilities(logits).T, strict=True)}
    scores |= {d.name: discriminant(logits, d) for d in DISCRIMINATORS}
    return pd.concat(
        [_by_flavour(name, score, label, weight, (0.0, 1.0)) for name, score in scores.items()],
        ignore_index=True,
    )


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
    tables = []
    for name, (low, high) in ranges.items():
        if not low < high:
            raise InputError(f"histogram range of input '{name}' is [{low}, {high}]: give low < high")
        exists = ~missing[name]
        there = values[name][exists], label[exists], chosen(weight, exists)
        tables.append(_by_flavour(name, *there, (low, high)))
    return pd.concat(tables, ignore_index=True)


def _by_flavour(
    quantity: str,
    values: np.ndarray,
    label: np.ndarray,
    weight: np.ndarray | None,
    bounds: tuple[float, float],
) -> pd.DataFrame:
    edges = np.linspace(*bounds, BINS + 1)
    low, high = bounds
    # All flavours in one pass, and bins as `numpy.histogram` has them: the last one holds its upper edge.
    inside = (values >= low) & (values <= high) & (label >= 0)
    value = values[inside]
    position = np.minimum(((value - low) * (BINS / (high - low))).astype(np.intp), BINS - 1)
    position -= value < edges[position]
    position += (value >= edges[position + 1]) & (position < BINS - 1)
    cell = BINS * label[inside] + position
    counts = np.bincount(cell, chosen(weight, inside), minlength=len(CLASSES) * BINS)
    return pd.DataFrame(
        {
            "quantity": quantity,
            "flavour": np.repeat(CLASSES, BINS),
            "low": np.tile(edges[:-1], len(CLASSES)),
            "high": np.tile(edges[1:], len(CLASSES)),
            "count": counts,
        }
    )
