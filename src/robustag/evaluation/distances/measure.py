"""The distances table: clean jets beside one perturbation of them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.evaluation.distances.classifier import classifier_auc
from robustag.evaluation.distances.correlation import correlation, correlation_change
from robustag.evaluation.distances.univariate import (
    binned,
    jensen_shannon,
    kullback_leibler,
    means,
    ranges,
    wasserstein,
)

_DIFFERENT = 0.9
"""Share of the entries of a continuous input that differ from each other."""

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


def measure(clean: "JetTensors", changed: "JetTensors", names: tuple[str, ...], seed: int) -> pd.DataFrame:
    """Every distance of one perturbation.

    Parameters
    ----------
    clean, changed : JetTensors
        Scaled units; the same jets, or other ones of mostly the same events.
    names : tuple of str
        The inputs.
    seed : int
        Of the classifier.

    Returns
    -------
    DataFrame
        flavour, input ("all" for what is no single one), distance, value, low, high. Of single inputs: kl (by
        flavour too), js, wasserstein (sigma), shift of the mean (sigma, by flavour too) and missing, the
        change of the share of missing entries, where that can change. Of all inputs: correlation (Frobenius
        norm of the change), correlation_largest, and with their intervals classifier_auc and, without the
        inputs of which many jets have one and the same value, classifier_auc_continuous.
    """
    a, b = _Arrays(clean), _Arrays(changed)
    low, high = ranges(a.values, a.exists)
    counts = [binned(s.values, s.exists, s.label, low, high) for s in (a, b)]
    flavours = [("all", [c.sum(axis=0) for c in counts])]
    flavours += [(name, [c[flavour] for c in counts]) for flavour, name in enumerate(CLASSES)]
    parts = [_rows(names, name, "kl", kullback_leibler(*pair)) for name, pair in flavours]
    parts.append(_rows(names, "all", "js", jensen_shannon(*flavours[0][1])))
    far = wasserstein(a.values, a.exists, b.values, b.exists)
    parts.append(_rows(names, "all", "wasserstein", far))
    moved = means(b.values, b.exists, b.label) - means(a.values, a.exists, a.label)
    parts += [_rows(names, name, "shift", moved[flavour]) for flavour, name in enumerate(CLASSES)]
    parts.append(_rows(names, "all", "shift", _mean(b) - _mean(a)))
    if not np.array_equal(a.exists, b.exists):
        parts.append(_rows(names, "all", "missing", a.exists.mean(axis=0) - b.exists.mean(axis=0)))
    parts.append(pd.DataFrame(_joint(a, b, seed)))
    return pd.concat(parts, ignore_index=True)


def measure_all(
    clean: "JetTensors",
    changed: Iterable[tuple[str, str, float, "JetTensors"]],
    names: tuple[str, ...],
    seed: int,
) -> pd.DataFrame:
    """`measure` of several perturbations, each given and labelled with its kind, perturbation and epsilon."""
    parts = []
    for kind, perturbation, epsilon, jets in changed:
        part = measure(clean, jets, names, seed)
        part.insert(0, "kind", kind)
        part.insert(1, "perturbation", perturbation)
        part.insert(2, "epsilon", float(epsilon))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


class _Arrays:
    """A sample as numpy arrays: `values` float64 [N, F], `exists` bool [N, F], `label` and `event` [N]."""

    def __init__(self, jets: "JetTensors") -> None:
        self.values = jets.inputs.double().cpu().numpy()
        self.exists = ~jets.missing.cpu().numpy()
        self.label, self.event = jets.label.cpu().numpy(), jets.event.cpu().numpy()


def _mean(sample: _Arrays) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(sample.exists, sample.values, 0.0).sum(axis=0) / sample.exists.sum(axis=0)


def _joint(a: _Arrays, b: _Arrays, seed: int) -> Iterator[dict]:
    norm, largest = correlation_change(correlation(a.values, a.exists), correlation(b.values, b.exists))
    continuous = _continuous(a)
    seen = classifier_auc((a.values, a.event), (b.values, b.event), seed)
    blind = classifier_auc((a.values[:, continuous], a.event), (b.values[:, continuous], b.event), seed)
    for distance, value, *interval in (
        ("correlation", norm, np.nan, np.nan),
        ("correlation_largest", largest, np.nan, np.nan),
        ("classifier_auc", *seen),
        ("classifier_auc_continuous", *blind),
    ):
        front = {"flavour": "all", "input": "all", "distance": distance, "value": value}
        yield {**front, "low": interval[0], "high": interval[1]}


def _continuous(sample: _Arrays) -> np.ndarray:
    """Inputs bool [F] whose existing entries nearly all differ; a move off a common value is plain."""
    different = [np.unique(sample.values[rows, f]).size for f, rows in enumerate(sample.exists.T)]
    return np.array(different) > _DIFFERENT * sample.exists.sum(axis=0)


def _rows(names: tuple[str, ...], flavour: str, distance: str, value: np.ndarray) -> pd.DataFrame:
    front = {"flavour": flavour, "input": names, "distance": distance}
    return pd.DataFrame({**front, "value": value, "low": np.nan, "high": np.nan})
