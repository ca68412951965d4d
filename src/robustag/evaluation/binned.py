"""Efficiency and mis-tag rate at the fixed cuts, in bins of transverse momentum and pseudorapidity."""

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import numpy as np
import pandas as pd

from robustag.binomial import effective_efficiency
from robustag.evaluation.bootstrap import chosen
from robustag.evaluation.discriminators import DISCRIMINATORS, log_odds
from robustag.evaluation.rates import Cuts
from robustag.evaluation.settings import Evaluation

_ROLES = {"fixed_cut_efficiency": "signal", "fixed_cut_mistag": "background"}


def jet_bins(pt: np.ndarray, eta: np.ndarray, edges: Mapping[str, Sequence[float]]) -> dict[str, np.ndarray]:
    """Bin of each jet in pt and in |eta|, int [N] by variable; -1 outside the edges.

    A bin holds its lower edge, and the last one its upper edge, too.
    """
    return {"pt": bin_of(pt, edges["pt"]), "eta": bin_of(np.abs(eta), edges["eta"])}


def bin_of(values: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Bin of each value, int [N], as of `jet_bins`."""
    bound = np.asarray(edges, dtype=np.float64)
    position = np.searchsorted(bound, values, side="right") - 1
    position[values == bound[-1]] = len(bound) - 2
    return np.where(position < len(bound) - 1, position, -1)


def binned_rates(
    logits: np.ndarray,
    label: np.ndarray,
    bins: Mapping[str, np.ndarray],
    evaluation: Evaluation,
    cuts: Cuts,
    clean: np.ndarray | None,
    weight: np.ndarray | None = None,
    clean_weight: np.ndarray | None = None,
) -> pd.DataFrame:
    """Rates of the four discriminators at cuts fixed on clean jets, with exact binomial intervals.

    Weighted jets are given as so many jets of weight one that have the same rates and the same errors
    (`robustag.binomial.effective_number` of each bin, shared out by weight).

    Parameters
    ----------
    logits : float [N, 3]
    label : int [N]
    bins : mapping of variable to int [N]
        `jet_bins` of the same jets.
    evaluation : Evaluation
        Has the working points and the edges.
    cuts : Cuts
        Of the same model.
    clean : float [N, 3] or None
        Logits of the same jets before they were changed; None if the jets are others.
    weight : float [N], optional
        One each if left out.
    clean_weight : float [N], optional
        Of the same jets before, where it is the weights that have changed, and the logits have not.

    Returns
    -------
    DataFrame
        discriminator, metric (fixed_cut_efficiency of signal, fixed_cut_mistag of background jets),
        working_point, variable, bin_low, bin_high (|eta|, GeV), passed, total, gained, lost (jets above the
        cut that were not, and the reverse; missing without `clean`), value, low, high (68 %). Where weights
        have changed, ``gained`` and ``lost`` are so many jets as give the change of the rate the same error.
    """
    counts, turned, keys = [], [], []
    for discriminator, (metric, role) in product(DISCRIMINATORS, _ROLES.items()):
        jets = np.flatnonzero(label == getattr(discriminator, role))
        positions = {variable: position[jets] for variable, position in bins.items()}
        weights, weights_before = chosen(weight, jets), chosen(clean_weight, jets)
        after = log_odds(logits[jets], discriminator)
        before = after if clean is None else log_odds(clean[jets], discriminator)
        for working_point in evaluation.mistags:
            cut = cuts.score[discriminator.name, working_point]
            for variable, position in positions.items():
                number = len(evaluation.bins[variable]) - 1
                counts.append(_count(position, before > cut, after > cut, number, weights))
                if weights_before is not None:
                    turned.append(_turned(position, after > cut, number, weights_before, weights))
            keys.append((discriminator.name, metric, float(working_point)))
    layout = pd.DataFrame(
        [(variable, *edges) for variable in bins for edges in pairwise(evaluation.bins[variable])],
        columns=["variable", "bin_low", "bin_high"],
    ).astype({"bin_low": float, "bin_high": float})
    table = pd.DataFrame(keys, columns=["discriminator", "metric", "working_point"]).merge(
        layout, how="cross"
    )
    neither, gained, lost, both = np.concatenate(counts).T
    table["passed"], table["total"] = gained + both, neither + gained + lost + both
    if turned:
        gained, lost = np.concatenate(turned).T
    counted = "Int64" if weight is None else "Float64"
    for name, crossed in (("gained", gained), ("lost", lost)):
        table[name] = pd.array(crossed if clean is not None else [pd.NA] * len(crossed), dtype=counted)
    with np.errstate(invalid="ignore"):
        table["value"] = table["passed"] / table["total"]
    table["low"], table["high"] = effective_efficiency(table["value"].to_numpy(), table["total"].to_numpy())
    return table


def _count(
    position: np.ndarray, before: np.ndarray, after: np.ndarray, bins: int, weight: np.ndarray | None
) -> np.ndarray:
    """Jets that pass neither before nor after, only after, only before, both: [bins, 4]."""
    # Position -1 is a jet outside the bins.
    cell = 4 * (position + 1) + 2 * before + after
    shape = (bins + 1, 4)
    if weight is None:
        return np.bincount(cell, minlength=4 * (bins + 1)).reshape(shape)[1:]
    sums, squares = (
        np.bincount(cell, each, 4 * (bins + 1)).reshape(shape)[1:] for each in (weight, weight**2)
    )
    total, variance = sums.sum(axis=1, keepdims=True), squares.sum(axis=1, keepdims=True)
    return sums * np.divide(total, variance, out=np.zeros_like(total), where=variance > 0)


def _turned(
    position: np.ndarray, passes: np.ndarray, bins: int, before: np.ndarray, after: np.ndarray | None
) -> np.ndarray:
    """Jets above the cut that other weights gain and lose, [bins, 2], by the error of what they change.

    The rate r is a sum over jets of w (1 or 0) over one of w, so that to first order a jet's part in the
    fluctuation of the change is e = w' (1 or 0 - r') / W' - w (1 or 0 - r) / W. Of n jets of weight one, as
    good as those before, g + l that cross the cut give the variance (g + l) / n^2, which is the sum of e^2.
    """

    def summed(each: np.ndarray) -> np.ndarray:
        return np.bincount(position + 1, each, bins + 1)

    after = np.ones_like(before) if after is None else after
    part = np.zeros(len(position))
    with np.errstate(invalid="ignore", divide="ignore"):
        for sign, weight in ((1.0, after), (-1.0, before)):
            total = summed(weight)
            rate = summed(weight * passes) / total
            part += sign * weight * (passes - rate[position + 1]) / total[position + 1]
        jets = summed(before) ** 2 / summed(before**2)
    squares = [summed(part**2 * chosen) for chosen in (part > 0, part < 0)]
    return np.stack([jets**2 * each for each in squares], axis=1)[1:]
