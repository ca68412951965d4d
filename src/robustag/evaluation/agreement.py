"""How well data and simulation agree: histograms of both, and the divergence between them, by pT.

Simulation is scaled to the number of data jets in every bin of pT, so that neither the luminosity nor the
spectrum enters; the mixture of flavours stays as simulated. No label of data is used. Jets of data count one
each, simulated ones as much as their event where a study weighs events.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd
from scipy.special import rel_entr
from scipy.stats import binom

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.binned import bin_of
from robustag.evaluation.bootstrap import replicas
from robustag.evaluation.discriminators import DISCRIMINATORS, discriminant
from robustag.evaluation.histograms import BINS
from robustag.evaluation.reading import COMPARED_FLAVOURS, DATA
from robustag.visibility import jensen_shannon

if TYPE_CHECKING:
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors

CELLS = BINS + 1
"""Bins of a histogram, and one for jets whose value is missing or out of range."""
_MANY = 500
"""Jets of a cell whose divergence by chance is that of infinitely many."""


@dataclass(frozen=True)
class Sample:
    """What is known of the jets of data or of simulation.

    Attributes
    ----------
    flavour : int64 [N]
        Index in `COMPARED_FLAVOURS`; data are all "other".
    place : int64 [N]
        Bin of pT; -1 for jets beyond the edges, which do not count.
    weights : [N, 1 + R]
        The jets' own, then those of the bootstrap, see `robustag.evaluation.bootstrap.replicas`.
    """

    flavour: np.ndarray
    place: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, jets: "JetTensors", pt_edges: Sequence[float], replicates: int, seed: int) -> Self:
        """Of jets with a label of -1 where they are of no class; edges in GeV."""
        label, event, pt = (part.cpu().numpy() for part in (jets.label, jets.event, jets.pt))
        place = bin_of(pt, pt_edges)
        # The label of data is -1 throughout.
        weight = jets.event_weight.cpu().numpy() if (label >= 0).any() else np.ones(len(label))
        weights = replicas(event, weight, replicates, seed)
        return cls(np.where(label < 0, len(CLASSES), label), place, weights)

    def counts(self, values: np.ndarray, bounds: tuple[float, float], bins: int) -> "Counts":
        """Jets in the cells of a quantity, which is NaN where it is missing, in so many bins of pT."""
        key = (self.flavour * bins + self.place) * CELLS + cells(values, bounds)
        inside = self.place >= 0
        shape = len(COMPARED_FLAVOURS), bins, CELLS
        weights = self.weights[inside].T.astype(np.float64)
        flavours, squares = (
            np.bincount(key[inside], weight, int(np.prod(shape))).reshape(shape)
            for weight in (weights[0], weights[0] ** 2)
        )
        key, size = key % (bins * CELLS), bins * CELLS
        replicates = [np.bincount(key[inside], weight, size).reshape(shape[1:]) for weight in weights[1:]]
        # What negative weights leave below nothing is nothing.
        return Counts(*(np.maximum(sums, 0.0) for sums in (flavours, squares, np.stack(replicates))))


class Counts(NamedTuple):
    """Jets in the cells of one quantity.

    Attributes
    ----------
    flavours, squares : float64 [4, P, 51]
        Sums of weights and of their squares.
    replicates : float64 [R, P, 51]
        Of all flavours, in the replicates of the bootstrap.
    """

    flavours: np.ndarray
    squares: np.ndarray
    replicates: np.ndarray


class Quantity(NamedTuple):
    """A number of every jet of data [N] and of simulation [M], NaN where it is missing, and its range."""

    data: np.ndarray
    simulation: np.ndarray
    bounds: tuple[float, float]


def cells(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Cell of each value, int64 [N]: one of 50 equal bins, the last with its upper edge, or 50 for none."""
    low, high = bounds
    edges = np.linspace(low, high, BINS + 1)
    inside = (values >= low) & (values <= high)
    bins = np.minimum(np.searchsorted(edges, values, side="right") - 1, BINS - 1)
    return np.where(inside, bins, BINS)


def scaled(data: np.ndarray, simulation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Data and simulation [..., P, 51] with as many jets of both in every bin of pT.

    Simulation is scaled, by the factors [..., P] that are the third; a bin that one of the two has no jet in
    loses those of the other.
    """
    jets, simulated = data.sum(axis=-1), simulation.sum(axis=-1)
    factor = np.divide(jets, simulated, out=np.zeros_like(jets, float), where=simulated > 0)
    return data * (factor > 0)[..., None], simulation * factor[..., None], factor


def floor(data: np.ndarray, simulation: np.ndarray, effective: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence in nats [...] that two samples of one distribution have on average.

    Each jet of a cell, of data or an effective one of simulation, then belongs to data with the same
    probability; the divergence of the cell is averaged over that. With many jets in every one of K filled
    cells it is (K - 1) (1 / n + 1 / n') / 8, with n data jets and n' effective simulated ones: an eighth of
    the chi2 that is expected. Cells with one jet have 1.4 times as much.

    Parameters
    ----------
    data, simulation : float [..., 51]
        Jets, and weighted jets, as many in all.
    effective : float [..., 51]
        Unweighted simulated jets that are worth as much.

    Examples
    --------
    >>> data, simulation = np.full(41, 1000.0), np.full(41, 1000.0)
    >>> float(floor(data, simulation, simulation).round(6)), 40 * (2 / 41_000) / 8
    (0.000244, 0.00024390243902439024)
    """
    shape = data.shape[:-1]
    found = np.full(shape, np.nan)
    for place in np.ndindex(shape):
        numbers = data[place].sum(), effective[place].sum()
        if min(numbers) > 0:
            jets = np.rint(data[place] + effective[place]).astype(np.int64)
            jets = np.where(data[place] + simulation[place] > 0, np.maximum(jets, 1), 0)
            found[place] = _chance(jets, *numbers)
    return found


def _chance(jets: np.ndarray, data: float, simulation: float) -> float:
    """Mean divergence of cells with so many jets, int [K], of so many in both samples."""
    full = (1.0 / data + 1.0 / simulation) / 8.0
    # The number of jets of one sample is fixed: as if one cell knew its share.
    total = -full
    for number, times in zip(*np.unique(jets[jets > 0], return_counts=True), strict=True):
        if number > _MANY:
            total += times * full
            continue
        taken = np.arange(number + 1)
        chance = binom.pmf(taken, number, data / (data + simulation))
        p, q = taken / data, (number - taken) / simulation
        terms = (rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)) / 2
        total += times * float(chance @ terms)
    return total


def variance(data: np.ndarray, simulated: np.ndarray, squares: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Variance [..., P, 51] of the difference of data and scaled simulation if both have one distribution.

    The jets of both samples in a cell, n + m, fall on data or on simulation by chance alone; scaled by s, the
    difference of the two numbers then has the variance (n + m) s, in cells with few jets, too. Weighted jets
    are as good as m = W^2 / V of weight V / W, with their sum W and that of their squares V.

    Parameters
    ----------
    data, simulated, squares : float [..., P, 51]
        Jets, and sums of weights and of squared weights of simulated ones before they are scaled.
    factor : float [..., P]
        By which they are scaled.
    """
    weight = np.divide(squares, simulated, out=np.ones_like(simulated), where=simulated > 0)
    return (data + simulated / weight) * weight * factor[..., None]


def chi2(data: np.ndarray, simulation: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Chi2 [...] of two histograms [..., 51] with as many jets and the `variance` of their difference.

    Without a difference it is the number of filled cells minus one on average.
    """
    square = (data - simulation) ** 2
    return np.divide(square, expected, out=np.zeros_like(square), where=expected > 0).sum(axis=-1)


def compare(
    data: Sample, simulation: Sample, quantities: Mapping[str, Quantity], pt_edges: Sequence[float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Histograms and agreement of every quantity.

    Returns
    -------
    histograms : DataFrame
        quantity, bin_low, bin_high (of pT in GeV), flavour ("data", or one of `COMPARED_FLAVOURS`,
        simulated), low, high (both NaN: missing or out of range), ``count``, of simulation scaled to the data
        jets of the bin of pT, and its ``variance``.
    agreement : DataFrame
        quantity, bin_low, bin_high (all bins together first); jets of ``data``, effective ones of
        ``simulation``; ``js``, the Jensen-Shannon divergence in nats over the cells of the histogram,
        ``floor``, what two samples of one distribution have, ``chi2``, ``ndf``; ``replicates`` of js
        (float32 arrays; one more floor is in each, which its spread does not feel). NaN where there are no
        jets.

    Raises
    ------
    InputError
        If no bin of pT has jets of both.
    """
    bins = len(pt_edges) - 1
    histograms: list[pd.DataFrame] = []
    agreement: list[dict] = []
    for name, quantity in quantities.items():
        counted = data.counts(quantity.data, quantity.bounds, bins)
        simulated = simulation.counts(quantity.simulation, quantity.bounds, bins)
        jets, total, factor = scaled(counted.flavours.sum(axis=0), simulated.flavours.sum(axis=0))
        if not factor.any():
            raise InputError(
                f"no bin of pT between {pt_edges[0]:g} and {pt_edges[-1]:g} GeV has jets of data and of "
                "simulation: change evaluation.bins.pt, or the selection of the samples"
            )
        by_flavour = simulated.flavours * factor[:, None], simulated.squares * factor[:, None] ** 2
        histograms.append(_histograms(name, quantity.bounds, pt_edges, jets, *by_flavour))
        agreement += _agreement(name, pt_edges, jets, total, factor, counted, simulated)
    return pd.concat(histograms, ignore_index=True), pd.DataFrame(agreement)


def scores(data: np.ndarray, simulation: np.ndarray) -> dict[str, Quantity]:
    """The four discriminators in [0, 1], from the logits [N, 3] and [M, 3] of both samples."""
    return {
        d.name: Quantity(discriminant(data, d), discriminant(simulation, d), (0.0, 1.0))
        for d in DISCRIMINATORS
    }


def inputs(
    data: "JetTensors",
    simulation: "JetTensors",
    normalisation: "Normalisation",
    ranges: Mapping[str, tuple[float, float]],
) -> dict[str, Quantity]:
    """Inputs in physical units, by name with their ranges."""
    found = {}
    for name, (low, high) in ranges.items():
        column = normalisation.names.index(name)
        both = []
        for jets in (data, simulation):
            scaled_values = jets.inputs[:, column].double().cpu().numpy()
            values = scaled_values * normalisation.sigma[column] + normalisation.mean[column]
            both.append(np.where(jets.missing[:, column].cpu().numpy(), np.nan, values))
        found[name] = Quantity(both[0], both[1], (low, high))
    return found


def _histograms(
    name: str,
    bounds: tuple[float, float],
    pt_edges: Sequence[float],
    jets: np.ndarray,
    by_flavour: np.ndarray,
    squares: np.ndarray,
) -> pd.DataFrame:
    edges = np.linspace(*bounds, BINS + 1)
    counts = np.concatenate([jets[None], by_flavour])
    variances = np.concatenate([jets[None], squares])
    shape = counts.shape
    flavour, place, cell = (index.ravel() for index in np.indices(shape))
    pt = np.asarray(pt_edges, dtype=np.float64)
    return pd.DataFrame(
        {
            "quantity": name,
            "bin_low": pt[place],
            "bin_high": pt[place + 1],
            "flavour": np.array([DATA, *COMPARED_FLAVOURS])[flavour],
            "low": np.append(edges[:-1], np.nan)[cell],
            "high": np.append(edges[1:], np.nan)[cell],
            "count": counts.ravel(),
            "variance": variances.ravel(),
        }
    )


def _agreement(
    name: str,
    pt_edges: Sequence[float],
    jets: np.ndarray,
    total: np.ndarray,
    factor: np.ndarray,
    counted: Counts,
    simulated: Counts,
) -> Iterator[dict]:
    """A row for all bins of pT together, and one a bin where there are several."""
    raw, squared = simulated.flavours.sum(axis=0), simulated.squares.sum(axis=0)
    parts = (jets, total, squared * factor[:, None] ** 2, variance(jets, raw, squared, factor))
    data, simulation, squares, expected = map(_regions, parts)
    effective = np.divide(simulation**2, squares, out=np.zeros_like(squares), where=squares > 0)
    drawn_data, drawn_simulation, _ = scaled(counted.replicates, simulated.replicates)
    replicates = jensen_shannon(_regions(drawn_data), _regions(drawn_simulation)).astype(np.float32)
    number = data.sum(axis=-1)
    filled = np.count_nonzero(data + simulation, axis=-1)
    columns = {
        "bin_low": [pt_edges[0], *pt_edges[:-1]],
        "bin_high": [pt_edges[-1], *pt_edges[1:]],
        "data": number,
        "simulation": effective.sum(axis=-1),
        "js": jensen_shannon(data, simulation),
        "floor": floor(data, simulation, effective),
        "chi2": np.where(number > 0, chi2(data, simulation, expected), np.nan),
        "ndf": np.maximum(filled - 1, 0),
        "replicates": list(replicates.T),
    }
    for row in range(len(number)):
        yield {"quantity": name, **{key: column[row] for key, column in columns.items()}}


def _regions(counts: np.ndarray) -> np.ndarray:
    """Counts [..., P, 51] of all bins of pT together, and of each if there are several."""
    together = counts.sum(axis=-2, keepdims=True)
    return together if counts.shape[-2] == 1 else np.concatenate([together, counts], axis=-2)
