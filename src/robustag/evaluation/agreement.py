"""How well data and simulation agree: histograms of both, and the divergence between them, by pT.

Simulation is scaled to the number of data jets in every bin of pT, so that neither the luminosity nor the
spectrum enters; the mixture of flavours stays as simulated. No label of data is used.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.binned import jet_bins
from robustag.evaluation.bootstrap import event_weights
from robustag.evaluation.discriminators import DISCRIMINATORS, discriminant
from robustag.evaluation.distances.univariate import jensen_shannon
from robustag.evaluation.histograms import BINS

if TYPE_CHECKING:
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors

DATA = "data"
#: What the tables call simulated jets that are none of the three flavours, such as those of tau leptons.
OTHER = "other"
FLAVOURS = (*CLASSES, OTHER)
CELLS = BINS + 1
"""Bins of a histogram, and one for jets whose value is missing or out of range."""


@dataclass(frozen=True)
class Sample:
    """What is known of the jets of data or of simulation.

    Attributes
    ----------
    flavour : int64 [N]
        Index in `FLAVOURS`; data are all "other".
    place : int64 [N]
        Bin of pT; -1 for jets beyond the edges, which do not count.
    weights : uint8 [N, R]
        Of the bootstrap.
    """

    flavour: np.ndarray
    place: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, jets: "JetTensors", pt_edges: Sequence[float], replicates: int, seed: int) -> Self:
        """Of jets with a label of -1 where they are of no class; edges in GeV."""
        label, event, pt, eta = (part.cpu().numpy() for part in (jets.label, jets.event, jets.pt, jets.eta))
        place = jet_bins(pt, eta, {"pt": pt_edges, "eta": [0.0, np.inf]})["pt"]
        return cls(np.where(label < 0, len(CLASSES), label), place, event_weights(event, replicates, seed))

    def counts(self, values: np.ndarray, bounds: tuple[float, float], bins: int) -> "Counts":
        """Jets in the cells of a quantity, which is NaN where it is missing, in so many bins of pT."""
        key = (self.flavour * bins + self.place) * CELLS + cells(values, bounds)
        inside = self.place >= 0
        shape = len(FLAVOURS), bins, CELLS
        flavours = np.bincount(key[inside], minlength=int(np.prod(shape))).reshape(shape)
        key, size = key % (bins * CELLS), bins * CELLS
        weights = self.weights[inside].T
        replicates = [np.bincount(key[inside], weight, size).reshape(shape[1:]) for weight in weights]
        return Counts(flavours.astype(np.float64), np.stack(replicates))


class Counts(NamedTuple):
    """Jets in the cells of one quantity.

    Attributes
    ----------
    flavours : float64 [4, P, 51]
    replicates : float64 [R, P, 51]
        Of all flavours, in the replicates of the bootstrap.
    """

    flavours: np.ndarray
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


def floor(filled: np.ndarray, data: np.ndarray, simulation: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence in nats that two samples of one distribution have on average.

    (K - 1) (1 / n + 1 / n') / 8 with K filled cells, n data jets and n' effective simulated ones: to second
    order in the difference of two shares the divergence is an eighth of their chi2. Cells with one or two
    jets have up to 1.4 times as much.

    Examples
    --------
    >>> float(floor(np.array(41), np.array(1000.0), np.array(1000.0)))
    0.01
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return (filled - 1) * (1.0 / data + 1.0 / simulation) / 8.0


def chi2(data: np.ndarray, simulation: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Chi2 [...] of two histograms [..., 51] with as many jets, with statistical errors of both.

    Without a difference it is K - 1 on average, with K filled cells. The expected variance of a cell's
    difference is (n + m) w, with n data jets, m effective simulated ones and their weight w = squares /
    simulation: errors are those of one distribution, and right for cells with few jets, too.

    Parameters
    ----------
    data, simulation : float [..., 51]
        Jets, and weighted jets.
    squares : float [..., 51]
        Sums of squared weights.
    """
    totals = [part.sum(axis=-1, keepdims=True) for part in (squares, simulation)]
    filled = simulation > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(filled, squares / simulation, totals[0] / totals[1])
        effective = np.where(filled, simulation / weight, 0.0)
        parts = (data - simulation) ** 2 / ((data + effective) * weight)
    return np.where(data + simulation > 0, parts, 0.0).sum(axis=-1)


def compare(
    data: Sample, simulation: Sample, quantities: Mapping[str, Quantity], pt_edges: Sequence[float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Histograms and agreement of every quantity.

    Returns
    -------
    histograms : DataFrame
        quantity, bin_low, bin_high (of pT in GeV), flavour ("data", or one of `FLAVOURS`, simulated), low,
        high (both NaN: missing or out of range), ``count``, of simulation scaled to the data jets of the bin
        of pT, and its ``variance``.
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
    histograms, agreement = [], []
    for name, quantity in quantities.items():
        counted = data.counts(quantity.data, quantity.bounds, bins)
        simulated = simulation.counts(quantity.simulation, quantity.bounds, bins)
        jets, total, factor = scaled(counted.flavours.sum(axis=0), simulated.flavours.sum(axis=0))
        if not factor.any():
            raise InputError(
                f"no bin of pT between {pt_edges[0]:g} and {pt_edges[-1]:g} GeV has jets of data and of "
                "simulation: change evaluation.bins.pt, or the selection of the samples"
            )
        by_flavour = simulated.flavours * factor[:, None]
        histograms.append(_histograms(name, quantity.bounds, pt_edges, jets, by_flavour, factor))
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
    factor: np.ndarray,
) -> pd.DataFrame:
    edges = np.linspace(*bounds, BINS + 1)
    counts = np.concatenate([jets[None], by_flavour])
    variances = np.concatenate([jets[None], by_flavour * factor[:, None]])
    shape = counts.shape
    flavour, place, cell = (index.ravel() for index in np.indices(shape))
    pt = np.asarray(pt_edges, dtype=np.float64)
    return pd.DataFrame(
        {
            "quantity": name,
            "bin_low": pt[place],
            "bin_high": pt[place + 1],
            "flavour": np.array([DATA, *FLAVOURS])[flavour],
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
    squares = total * factor[:, None]
    data, simulation, variance = map(_regions, (jets, total, squares))
    drawn_data, drawn_simulation, _ = scaled(counted.replicates, simulated.replicates)
    replicates = jensen_shannon(_regions(drawn_data), _regions(drawn_simulation)).astype(np.float32)
    number = data.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = simulation.sum(axis=-1) ** 2 / variance.sum(axis=-1)
    filled = np.count_nonzero(data + simulation, axis=-1)
    columns = {
        "bin_low": [pt_edges[0], *pt_edges[:-1]],
        "bin_high": [pt_edges[-1], *pt_edges[1:]],
        "data": number,
        "simulation": effective,
        "js": jensen_shannon(data, simulation),
        "floor": floor(filled, number, effective),
        "chi2": np.where(number > 0, chi2(data, simulation, variance), np.nan),
        "ndf": np.maximum(filled - 1, 0),
        "replicates": list(replicates.T),
    }
    for row in range(len(number)):
        yield {"quantity": name, **{key: column[row] for key, column in columns.items()}}


def _regions(counts: np.ndarray) -> np.ndarray:
    """Counts [..., P, 51] of all bins of pT together, and of each if there are several."""
    together = counts.sum(axis=-2, keepdims=True)
    return together if counts.shape[-2] == 1 else np.concatenate([together, counts], axis=-2)
