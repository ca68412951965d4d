"""One chunk in a few numbers: moments, minima and kinematic histograms that merge over chunks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.readers import JetRecords
from robustag.stored import StoredArrays
from robustag.tensors.split import SPLITS, assign_split

Edges = Sequence[float] | np.ndarray

# Entries that a source would have if it were like the others: with so many, none at all is no chance.
_EXPECTED = 1000


@dataclass(frozen=True)
class Summary(StoredArrays):
    """Mergeable summary of jets.

    Attributes
    ----------
    count : float64 [F]
        Weight of the training jets whose entry exists.
    mean, squares : float64 [F]
        Their mean and their sum of squared deviations from it.
    minimum : float64 [F]
        Smallest existing entry of all jets (the study fixed its missing values on the whole data set).
    jets : int64 [3 splits, 3 classes]
        Number of jets.
    negative : int64 [3 splits]
        Jets of negative weight.
    weights : float64 [3 splits, 3]
        Sums of weights, of their sizes and of their squares.
    kinematics : float64 [3 classes, pT bins, eta bins]
        Weight of the training jets; the outermost bins take what lies beyond.
    """

    called: ClassVar[str] = "chunk summary"

    count: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    minimum: np.ndarray
    jets: np.ndarray
    negative: np.ndarray
    weights: np.ndarray
    kinematics: np.ndarray

    def __str__(self) -> str:
        parts = [f"jets by split and class: {self.jets.tolist()}"]
        for name, negative, jets, (total, size, squares) in zip(
            SPLITS, self.negative, self.jets.sum(axis=1), self.weights, strict=True
        ):
            if size and not total == squares == jets:
                parts.append(
                    f"{name}: {negative} of {jets} jets have negative weights; all weights add up to "
                    f"{total / size:.4g} of their sizes, as good as {total**2 / squares:.0f} of weight one"
                )
        return "; ".join(parts)


def summarise(
    records: JetRecords,
    fractions: list[float],
    pt_edges: list[float],
    eta_edges: list[float],
) -> Summary:
    """Summarise the jets of one chunk, each with its weight.

    Parameters
    ----------
    fractions : list of three floats
        Shares of train, validation, test.
    pt_edges, eta_edges : list of float
        Bin edges (GeV; 1) of the kinematic histograms.
    """
    split = assign_split(records.event, fractions)
    train = split == 0
    physical = records.values.astype(np.float64)
    exists = ~np.isnan(physical)
    values = np.where(exists, physical, 0.0)
    weight = records.weight.astype(np.float64)
    share, entries = weight[train, None] * exists[train], values[train]
    count = share.sum(axis=0)
    mean = _per_weight((share * entries).sum(axis=0), count)
    # In place: these arrays are what a chunk needs its memory for.
    entries -= mean
    np.square(entries, out=entries)
    entries *= share
    jets = np.zeros((3, len(CLASSES)), dtype=np.int64)
    np.add.at(jets, (split, records.label), 1)
    sums = [np.bincount(split, each, len(SPLITS)) for each in (weight, np.abs(weight), np.square(weight))]
    kinematics = np.zeros((len(CLASSES), len(pt_edges) - 1, len(eta_edges) - 1))
    bins = kinematic_bins(records.pt[train], records.eta[train], pt_edges, eta_edges)
    np.add.at(kinematics, (records.label[train], *bins), weight[train])
    return Summary(
        count=count,
        mean=mean,
        squares=entries.sum(axis=0),
        minimum=np.where(exists, physical, np.inf).min(axis=0, initial=np.inf),
        jets=jets,
        negative=np.bincount(split[weight < 0], minlength=len(SPLITS)),
        weights=np.stack(sums, axis=1),
        kinematics=kinematics,
    )


def merge(parts: Iterable[Summary]) -> Summary:
    """Summary of all jets of several chunks (parallel update of Chan, Golub, LeVeque 1979)."""
    parts = list(parts)
    count = _added(part.count for part in parts)
    mean = _per_weight(_added(part.count * part.mean for part in parts), count)
    return Summary(
        count=count,
        mean=mean,
        squares=_added(part.squares + part.count * np.square(part.mean - mean) for part in parts),
        minimum=np.min([part.minimum for part in parts], axis=0),
        jets=_added(part.jets for part in parts),
        negative=_added(part.negative for part in parts),
        weights=_added(part.weights for part in parts),
        kinematics=_added(part.kinematics for part in parts),
    )


def check_sources(parts: Mapping[str, Summary], names: Sequence[str]) -> None:
    """Refuse an input that no training jet of a source has, such as a score that was not evaluated.

    Parameters
    ----------
    parts : mapping of str to Summary
        Jets by where they are from, such as a file.
    names : sequence of str, length F
        Of the inputs.

    Raises
    ------
    InputError
        If an input exists nowhere, or not in a source that would have many if it were like the others.
    """
    whole = merge(parts.values())
    share = whole.count / max(whole.jets[0].sum(), 1)
    for source, part in parts.items():
        jets = part.jets[0].sum()
        lacking = (part.count == 0) & (jets > 0) & ((whole.count == 0) | (share * jets > _EXPECTED))
        if lacking.any():
            raise InputError(
                f"{source}: input '{names[int(np.argmax(lacking))]}' is missing for every training jet "
                f"({int(lacking.sum())} such inputs): take it out of the feature table, or give other files"
            )


def _added(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """Sum of arrays of one shape, one after the other."""
    return sum(arrays, np.zeros((), np.int64))


def _per_weight(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """total / count, zero where there is no weight."""
    return np.divide(total, count, out=np.zeros_like(total, dtype=np.float64), where=count != 0)


def kinematic_bins(
    pt: np.ndarray, eta: np.ndarray, pt_edges: Edges, eta_edges: Edges
) -> tuple[np.ndarray, np.ndarray]:
    """Bin indices in pT (GeV) and eta of each jet, int64 [N] each; the outermost bins take the overflow."""
    return _bins(pt, pt_edges), _bins(eta, eta_edges)


def _bins(values: np.ndarray, edges: Edges) -> np.ndarray:
    return np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2)
