"""Are the probabilities right? Reliability, expected calibration error, confusion, accuracy, losses."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from robustag.binomial import effective_number
from robustag.classes import CLASSES
from robustag.evaluation.bootstrap import own
from robustag.evaluation.discriminators import probabilities
from robustag.evaluation.kernels import weighted_sums

ALL = "all"
"""Name of the rows that are about the predicted class of every jet, whichever it is."""

BINS = 20
"""Bins of the predicted probability, of equal width."""

_BLOCK_JETS = 65_536


def reliability(logits: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> pd.DataFrame:
    """Reliability: how often jets of a predicted probability are what was predicted.

    Parameters
    ----------
    logits : float [N, 3]
    label : int [N]
    weight : float [N], optional
        One each if left out.

    Returns
    -------
    DataFrame
        flavour (all: the probability of the predicted class, observed when it is right), low, high (edges of
        the predicted probability), predicted (mean), observed (fraction), total (sum of weights), effective
        ((sum of weights)^2 / sum of squared weights: as many jets of weight one have the same error); NaN in
        an empty bin.
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    weight = np.ones(len(label)) if weight is None else weight
    tables = []
    for name, predicted, right in _predictions(logits, label):
        position = _bin(predicted)
        total, square, summed, observed = (
            np.bincount(position, weights=column, minlength=BINS)
            for column in (weight, weight**2, weight * predicted, weight * right)
        )
        with np.errstate(invalid="ignore"):
            columns = {
                "predicted": summed / total,
                "observed": observed / total,
                "total": total,
                "effective": total**2 / square,
            }
        tables.append(pd.DataFrame({"flavour": name, "low": edges[:-1], "high": edges[1:], **columns}))
    return pd.concat(tables, ignore_index=True)


def confusion_table(logits: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> pd.DataFrame:
    """Jets (or their weights) by class: columns true, predicted (the largest logit), count."""
    cell = len(CLASSES) * label + logits.argmax(axis=1)
    return pd.DataFrame(
        {
            "true": np.repeat(CLASSES, len(CLASSES)),
            "predicted": np.tile(CLASSES, len(CLASSES)),
            "count": np.bincount(cell, weights=weight, minlength=len(CLASSES) ** 2),
        }
    )


def measure_probabilities(
    logits: np.ndarray,
    label: np.ndarray,
    weights: np.ndarray,
    training_weight: np.ndarray,
    losses: Mapping[str, np.ndarray],
) -> list[dict]:
    """Rows of the metrics table without their intervals: calibration error of each class and of the predicted
    one, accuracy, cross-entropy, and the means of further losses.

    Parameters
    ----------
    logits : float [N, 3]
    label : int [N]
    weights : [N, 1 + R]
        `robustag.evaluation.bootstrap.replicas`.
    training_weight : float [N]
        Kinematic weights of the training, for the calibration errors.
    losses : mapping of name to float [N]
        One number per jet.
    """
    predictions = list(_predictions(logits, label))
    means = {
        "accuracy": predictions[-1][2],
        "cross_entropy": _cross_entropy(logits, label),
        **losses,
    }
    values = _with_replicates(predictions, training_weight, [*means.values()], weights)
    number = effective_number(own(weights), len(label))
    names = [*((name, "ece") for name, *_ in predictions), *((ALL, name) for name in means)]
    return [
        {
            "discriminator": discriminator,
            "metric": metric,
            "working_point": np.nan,
            "value": values[row, 0],
            "n": number,
            "replicates": values[row, 1:],
        }
        for row, (discriminator, metric) in enumerate(names)
    ]


def _predictions(logits: np.ndarray, label: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Of each class, then of the predicted one: name, predicted probability [N], whether it came true [N]."""
    probability = probabilities(logits)
    for flavour, name in enumerate(CLASSES):
        yield name, probability[:, flavour], label == flavour
    predicted = logits.argmax(axis=1)
    yield ALL, probability.max(axis=1), predicted == label


def _with_replicates(
    predictions: list[tuple[str, np.ndarray, np.ndarray]],
    training_weight: np.ndarray,
    means: list[np.ndarray],
    weights: np.ndarray,
) -> np.ndarray:
    """Calibration errors, then means, with all replicates, [K, 1 + R]; NaN for one without any jet.

    Expected calibration error (Guo et al., arXiv:1706.04599, eq. 3)::

        sum over bins |sum in bin of w (predicted - right)| / sum of w
    """
    # A cell for each bin of a prediction's gap, one for each of the others.
    bins = len(predictions) * BINS
    others = [training_weight, np.ones(len(training_weight)), *means]
    sums = np.zeros((bins + len(others), weights.shape[1]))
    for start in range(0, len(training_weight), _BLOCK_JETS):
        block = slice(start, start + _BLOCK_JETS)
        gaps = [
            training_weight[block] * (predicted[block] - right[block]) for _, predicted, right in predictions
        ]
        values = np.array([*gaps, *(column[block] for column in others)])
        cells = np.empty(values.shape, dtype=np.intp)
        for row, (_, predicted, _) in enumerate(predictions):
            cells[row] = BINS * row + _bin(predicted[block])
        cells[len(gaps) :] = bins + np.arange(len(others))[:, None]
        sums += weighted_sums(np.ascontiguousarray(weights[block]), cells, values, len(sums))
    training_total, total = np.where(sums[bins : bins + 2] > 0, sums[bins : bins + 2], np.nan)
    errors = np.abs(sums[:bins]).reshape(len(predictions), BINS, -1).sum(axis=1)
    return np.vstack([errors / training_total, sums[bins + 2 :] / total])


def _cross_entropy(logits: np.ndarray, label: np.ndarray) -> np.ndarray:
    """-ln P(true class), free of underflow."""
    classes = logits.T.astype(np.float64, order="C")
    largest = classes.max(axis=0)
    partition = largest + np.log(np.exp(classes - largest).sum(axis=0))
    return partition - classes[label, np.arange(len(label))]


def _bin(predicted: np.ndarray) -> np.ndarray:
    return np.minimum((predicted * BINS).astype(np.intp), BINS - 1)
