"""Columns that many shown tables have in common."""

import numpy as np
import pandas as pd

from robustag.evaluation.differences import Measurement


def in_front(table: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """The table with columns of one value each before its own, in the order given."""
    front = pd.DataFrame(columns, index=table.index)
    return pd.concat([front, table], axis=1)


def share_error(share: pd.Series, jets: pd.Series, spread: pd.Series, seeds: pd.Series | int) -> pd.Series:
    """Error of a share of so many jets, averaged over trainings.

    The binomial one and the spread over seeds / sqrt(seeds), added in quadrature. The spread of a single
    seed is NaN and adds nothing.
    """
    return np.sqrt(share * (1 - share) / jets + spread.fillna(0.0) ** 2 / seeds)


def seed_averaged(name: str, measured: Measurement) -> dict[str, float]:
    """A measurement as columns: its mean over seeds under a name, and its errors.

    Those are ``statistical``, ``seed`` and their quadratic sum, ``error``.
    """
    return {
        name: measured.mean,
        "statistical": measured.statistical,
        "seed": measured.seed,
        "error": measured.total,
    }
