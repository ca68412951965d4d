"""Histograms as tidy tables that add up over chunks."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

ALL = "all"
KEYS = ["quantity", "flavour", "slice", "slice_low", "slice_high", "low", "high"]


def histogram(
    quantity: str,
    values: np.ndarray,
    edges: Sequence[float] | np.ndarray,
    *,
    flavour: np.ndarray | None = None,
    flavours: Sequence[str] = (ALL,),
    slices: tuple[str, np.ndarray, Sequence[float] | np.ndarray] | None = None,
) -> pd.DataFrame:
    """Count values in bins [low, high), with what lies below and above in two infinite bins.

    values: [N]; edges: ascending. flavour: [N] names, of which `flavours` are counted apart; None counts all
    as "all". slices: (name, variable [N], edges) counts apart in bins of another variable.

    Returns the KEYS and `count`; `slice` is empty and its edges are infinite without slices.
    """
    values = np.asarray(values, np.float64)
    bins = np.concatenate([[-np.inf], np.asarray(edges, np.float64), [np.inf]])
    name, variable, slice_edges = slices or ("", np.zeros(len(values)), (-np.inf, np.inf))
    place = np.searchsorted(np.asarray(slice_edges, np.float64), variable, side="right") - 1
    bin_of = np.searchsorted(bins, values, side="right") - 1
    parts = []
    for kind in flavours:
        chosen = np.isfinite(values) if flavour is None else np.isfinite(values) & (flavour == kind)
        for index in range(len(slice_edges) - 1):
            counts = np.bincount(bin_of[chosen & (place == index)], minlength=len(bins) - 1)
            parts.append(
                pd.DataFrame(
                    {
                        "quantity": quantity,
                        "flavour": kind,
                        "slice": name,
                        "slice_low": float(slice_edges[index]),
                        "slice_high": float(slice_edges[index + 1]),
                        "low": bins[:-1],
                        "high": bins[1:],
                        "count": counts,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def merge_histograms(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Add the counts of equal bins; the order is that of the first part."""
    return pd.concat(parts).groupby(KEYS, sort=False, as_index=False)["count"].sum()


def pick_histogram(table: pd.DataFrame, quantity: str, flavour: str = ALL) -> pd.DataFrame:
    """The bins of one quantity and flavour, infinite ones included."""
    return table[(table["quantity"] == quantity) & (table["flavour"] == flavour)]
