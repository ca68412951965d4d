"""Per-jet quantities summarised by flavour, with bootstrap errors over events."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from robustag.binomial import effective_number
from robustag.classes import CLASSES
from robustag.evaluation.bootstrap import own
from robustag.intervals import interval


def summarise_jets(quantities: pd.DataFrame, label: np.ndarray, weights: np.ndarray) -> pd.DataFrame:
    """Median and mean over the jets of each flavour, and of all.

    Parameters
    ----------
    quantities : DataFrame
        One column per statistic, one row per jet; NaN where a jet has none, which leaves it out.
    label : int64 [N]
    weights : [N, 1 + replicates]
        From `robustag.evaluation.bootstrap.replicas`.

    Returns
    -------
    DataFrame
        flavour ("all" for every jet), statistic, summary (median or mean), value, low, high (68 % bootstrap
        interval), n (`robustag.binomial.effective_number`), replicates. Statistics of no jet are NaN, and so
        is a mean over an infinite value.
    """
    rows = []
    flavours = {name: label == number for number, name in enumerate(CLASSES)}
    for flavour, chosen in {**flavours, "all": np.ones(len(label), bool)}.items():
        for statistic in quantities:
            values = quantities[statistic].to_numpy(float)[chosen]
            there = ~np.isnan(values)
            counted = weights[chosen][there]
            for summary, value, replicates in _summaries(values[there], counted):
                jets = effective_number(own(counted), len(counted))
                rows.append(_row(flavour, statistic, summary, value, replicates, jets))
    return pd.DataFrame(rows)


def rank_correlations(
    quantities: pd.DataFrame, distance: np.ndarray, label: np.ndarray, weights: np.ndarray
) -> pd.DataFrame:
    """Does a local quantity tell how robust a jet is? Spearman's correlation with its distance to the border.

    Jets that are misread already (distance 0) have no distance and are left out; of fewer than three others
    the correlation is NaN. Parameters and columns as `summarise_jets`, with summary "rank_correlation";
    replicates keep the ranks of the whole sample.
    """
    rows = []
    for number, flavour in enumerate(CLASSES):
        for statistic in quantities:
            values = quantities[statistic].to_numpy(float)
            chosen = (label == number) & (distance > 0) & np.isfinite(values)
            ranks = pd.DataFrame({"value": values[chosen], "distance": distance[chosen]}).rank().to_numpy()
            counted = weights[chosen]
            value, replicates = np.nan, np.full(weights.shape[1] - 1, np.nan)
            if len(ranks) >= 3:
                value, *_ = _correlation(ranks, counted[:, :1].astype(float))
                replicates = _correlation(ranks, counted[:, 1:].astype(float))
            jets = effective_number(own(counted), len(counted))
            rows.append(_row(flavour, statistic, "rank_correlation", value, replicates, jets))
    return pd.DataFrame(rows)


def _summaries(values: np.ndarray, weights: np.ndarray) -> Iterator[tuple[str, float, np.ndarray]]:
    """Median and mean of values [n] under weights [n, 1 + replicates], with their replicates."""
    nothing = np.full(weights.shape[1] - 1, np.nan)
    if not len(values):
        yield "median", np.nan, nothing
        yield "mean", np.nan, nothing
        return
    order, weight = np.argsort(values, kind="stable"), own(weights)
    ordered, weights = values[order], weights[order]
    yield "median", _median(ordered, weights[:, 0]), _medians(ordered, weights[:, 1:])
    if not np.isfinite(values).all():
        yield "mean", np.nan, nothing
        return
    total = weights.sum(axis=0, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = values.mean() if weight is None else values @ weight / weight.sum()
        yield "mean", float(mean), ordered @ weights[:, 1:].astype(float) / total[1:]


def _median(ordered: np.ndarray, weight: np.ndarray) -> float:
    """Weighted median of ascending values, the middle between two that share half of the weight."""
    reached = np.cumsum(weight, dtype=float)
    lower, upper = (2 * reached >= reached[-1]).argmax(), (2 * reached > reached[-1]).argmax()
    return float((ordered[lower] + ordered[upper]) / 2) if reached[-1] > 0 else float("nan")


def _medians(ordered: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted medians [replicates] of ascending values: where half of the weight is first reached."""
    exact = np.issubdtype(weights.dtype, np.integer)
    reached = np.cumsum(weights, axis=0, dtype=np.int32 if exact else np.float64)
    total = reached[-1]
    return np.where(total > 0, ordered[(2 * reached >= total).argmax(axis=0)], np.nan)


def _correlation(ranks: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted correlation [replicates] of two columns [N, 2] under weights [N, replicates]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = weights / weights.sum(axis=0)
        x, y = ranks.T
        mean_x, mean_y = x @ shares, y @ shares
        covariance = (x * y) @ shares - mean_x * mean_y
        return covariance / np.sqrt((x**2 @ shares - mean_x**2) * (y**2 @ shares - mean_y**2))


def _row(flavour: str, statistic: str, summary: str, value: float, replicates: np.ndarray, n: float) -> dict:
    finite = replicates[np.isfinite(replicates)]
    low, high = interval(finite) if len(finite) else (np.nan, np.nan)
    return {
        "flavour": flavour,
        "statistic": statistic,
        "summary": summary,
        "value": value,
        "low": low,
        "high": high,
        "n": n,
        "replicates": replicates.astype(np.float32),
    }
